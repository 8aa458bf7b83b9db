// numbers.mjs WORK NATIVE CALLS: makes the calls of a list with the library that the page holds, compares with what the
// program NATIVE (numbers.cpp) answers, and says how far apart they are. Fails where that is more than the list allows.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [work, native, list] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const side = 28, pixels = side * side, trainedOn = 100;

globalThis.fetch = undefined; // else Emscripten's code takes Node for a browser
const playgroundModule = createRequire(import.meta.url)(resolve(work, "engine.js"));
const source = readFileSync(join(here, "../../examples/playground/engine_calls.js"), "utf8");
const engine = new Function(source + "; return engineCalls;")()(await playgroundModule());
// Emscripten prints all of itself when something goes wrong that nobody catches.
for (const event of ["uncaughtException", "unhandledRejection"]) process.removeAllListeners(event);

const bytes = readFileSync(join(work, "pictures.bin"));
const { parameters } = JSON.parse(readFileSync(join(work, "pictures.json"), "utf8"));
const picture = (k) => Array.from(bytes.subarray(4 * parameters + k * pixels, 4 * parameters + (k + 1) * pixels), (v) => v / 255);
function inputOf(words) {
  const numbers = [];
  for (const word of words.trim().split(/\s+/).filter(Boolean)) {
    if (word === "pictures") {
      for (let i = 0; i < parameters; ++i) numbers.push(bytes.readFloatLE(4 * i));
      for (let k = 0; k < trainedOn; ++k) numbers.push(...picture(k));
    } else if (word.startsWith("unseen:")) numbers.push(...picture(trainedOn + +word.slice(7)));
    else numbers.push(+word);
  }
  return numbers;
}

const answers = execFileSync(native, [work, list], { maxBuffer: 1 << 29, encoding: "latin1" }).split("\n");
let failures = 0, compared = 0;
console.log("call".padEnd(34) + "numbers".padStart(8) + "other bits".padStart(12) + "difference".padStart(12) + "allowed".padStart(12));
readFileSync(list, "utf8").split("\n").filter((line) => line && line[0] !== "#").forEach((line, k) => {
  const [left, tolerance] = line.split("|");
  const [call, input = ""] = left.split(" : ");
  const [name, ...args] = call.trim().split(/\s+/);
  const here = engine.call(name, args.map(Number), inputOf(input));
  const there = new Float64Array(Uint8Array.from(Buffer.from(answers[k], "hex").swap64()).buffer);
  const [, allowed, each] = tolerance.match(/([-+.\de]+)( each)?/);
  let different = 0, largest = 0, relative = here.length === there.length ? 0 : Infinity;
  for (const v of there) if (Number.isFinite(v)) largest = Math.max(largest, Math.abs(v));
  for (let i = 0; i < Math.max(here.length, there.length); ++i) {
    if (Object.is(here[i], there[i])) continue;
    ++different;
    const apart = Math.abs(here[i] - there[i]) / ((each ? Math.abs(there[i]) : largest) || 1);
    relative = Math.max(relative, Number.isNaN(apart) ? Infinity : apart);
  }
  const good = here.length > 0 && relative <= Number(allowed) && (Number(allowed) > 0 || different === 0);
  if (!good) ++failures;
  compared += here.length;
  console.log(`${(name + " " + args.join(" ")).padEnd(34)}${String(here.length).padStart(8)}${String(different).padStart(12)}` +
    `${(different ? relative.toExponential(1) : "0").padStart(12)}${(allowed + (each || "")).padStart(12)}${good ? "" : "  TOO MUCH"}`);
});
console.log(`${compared} numbers compared, ${failures} answers are too far apart`);
process.exit(failures ? 1 : 0);
