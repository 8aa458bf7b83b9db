// The compiled library as functions of JavaScript: numbers in, numbers out, errors thrown with basin's own words.
"use strict";
function engineCalls(module) {
  const text = (pointer) => module.UTF8ToString(pointer);
  /** Calls playground_NAME(...args) with `input` as its numbers; gives the answer as a Float64Array. */
  const call = (name, args = [], input = []) => {
    const at = module._playground_input(input.length);
    module.HEAPF64.set(input, at / 8);
    if (!module["_playground_" + name](...args)) throw new Error(text(module._playground_error()));
    const answer = module._playground_answer() / 8;
    return module.HEAPF64.slice(answer, answer + module._playground_answer_size());
  };
  const activations = () => {
    const names = [];
    for (let k = 0; ; ++k) {
      const name = text(module._playground_activation(k));
      if (!name) return names;
      names.push(name);
    }
  };
  return { call, activations };
}
