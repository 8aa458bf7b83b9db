// The worker: trains and computes in slices of a tenth of a second, between which it takes messages, so that neither
// it nor the page is ever deaf. One worker for the plane, another for the pictures.
"use strict";
const verdicts = ["attracting", "unstable", "undecided", "not a fixed point"];
const ends = ["moving", "settled", "diverged"];
let engine = null;
const now = () => performance.now();
const send = (type, content = {}, moved = []) => self.postMessage({ type, ...content }, moved);

// ---- the plane

const plane = {
  running: false,
  trained: false, // there is a network
  version: 0, // of the network: what belongs to an older one is not shown
  box: [-1.5, 1.5, -1.5, 1.5],
  rate: 1e-3,
  goal: 1e-8,
  speed: 0, // epochs a second, so that one can watch; 0: as many as there can be
  pictureAt: 0, // when the last rough picture was made
  pictureTook: 0,
  coarse: 40, // cells on a side while it trains, fewer on a slow machine
  stage: null, // what is left of a fine picture: {n, row, steps}
};
const fineStages = [64, 128, 256];
const fieldSide = 21;
const beat = 50; // milliseconds from one slice to the next where the speed is limited

function start({ width, hidden, activation, seed, points }) {
  const [parameters] = engine.call("start", [width, hidden, activation, seed], points);
  ++plane.version;
  plane.trained = true;
  plane.stage = null;
  plane.pictureAt = 0;
  send("started", { version: plane.version, parameters });
  picture(5);
  plane.stage = { at: 0, row: 0 };
}

function train() {
  const answer = engine.call("train", [plane.rate, plane.speed ? Math.max(1, (plane.speed * beat) / 1000) : 100000, 0.1, plane.goal]);
  const [status, epochs, loss] = answer;
  const history = answer.subarray(4);
  const over = status !== 1; // all but "exhausted", which is the end of the slice
  if (over) plane.running = false;
  send("trained", {
    version: plane.version,
    status: ["converged", "running", "diverged", "cancelled", "stopped"][status],
    epochs,
    loss,
    history: thinned(history),
    running: plane.running,
  });
}
/** At most 50 of the pairs (epoch, loss), the last one among them. */
function thinned(history) {
  const pairs = history.length / 2;
  const step = Math.max(1, Math.ceil(pairs / 50));
  const kept = [];
  for (let k = (pairs - 1) % step; k < pairs; k += step) kept.push(history[2 * k], history[2 * k + 1]);
  return kept;
}

/** Vector field and fixed points, from n x n starts and the examples. */
function picture(n) {
  const began = now();
  const [left, right, bottom, top] = plane.box;
  const at = [];
  for (let i = 0; i < fieldSide; ++i)
    for (let j = 0; j < fieldSide; ++j)
      at.push(left + ((j + 0.5) / fieldSide) * (right - left), bottom + ((i + 0.5) / fieldSide) * (top - bottom));
  const to = engine.call("map", [], at);
  const p = engine.call("portrait", [n], plane.box);
  const points = [];
  for (let k = 2; k < p.length; k += 13)
    points.push({
      x: p[k], y: p[k + 1], verdict: verdicts[p[k + 2]], radius: p[k + 3], uncertainty: p[k + 4],
      unstable: p[k + 5], counted: p[k + 6] === 1, index: p[k + 7], example: p[k + 8],
      eigenvalues: [[p[k + 9], p[k + 10]], [p[k + 11], p[k + 12]]],
    });
  send("portrait", {
    version: plane.version, from: at, to: Array.from(to), points, indexSum: p[0], indexSure: p[1] === 1,
    attractors: attractors(), took: now() - began,
  });
}
function attractors() {
  const a = engine.call("attractors");
  const list = [];
  for (let k = 0; k < a.length; k += 1 + 2 * a[k]) {
    const points = [];
    for (let i = 0; i < a[k]; ++i) points.push([a[k + 1 + 2 * i], a[k + 2 + 2 * i]]);
    list.push(points);
  }
  return list;
}
/** Rows of a picture of n x n cells; `whole` says that the picture ends with them. */
function basins(n, row, rows, steps, rough) {
  const b = engine.call("basins", [n, row, rows, steps], plane.box);
  const ids = new Int16Array(b.length / 2);
  const times = new Uint16Array(b.length / 2);
  for (let k = 0; k < ids.length; ++k) {
    ids[k] = b[2 * k];
    times[k] = b[2 * k + 1];
  }
  send("basins", { version: plane.version, n, row, rows, ids, times, rough, attractors: attractors(),
    whole: row + rows === n }, [ids.buffer, times.buffer]);
}

function roughPicture() {
  const began = now();
  picture(4);
  basins(plane.coarse, 0, plane.coarse, 150, true);
  plane.pictureTook = now() - began;
  if (plane.pictureTook > 400) plane.coarse = Math.max(16, plane.coarse - 8);
  if (plane.pictureTook < 100) plane.coarse = Math.min(64, plane.coarse + 8);
  plane.pictureAt = now();
  plane.stage = { at: 0, row: 0 };
}
/** The next rows of the finest picture, for a tenth of a second. */
function finePicture() {
  const stage = plane.stage;
  const n = fineStages[stage.at];
  if (stage.at === 0 && stage.row === 0) picture(9);
  const rows = Math.min(n - stage.row, stage.rows || 4);
  const began = now();
  basins(n, stage.row, rows, 3000, false);
  const took = now() - began;
  stage.rows = Math.max(1, Math.min(64, Math.round((rows * 100) / Math.max(took, 1))));
  stage.row += rows;
  if (stage.row < n) return;
  plane.stage = stage.at + 1 < fineStages.length ? { at: stage.at + 1, row: 0 } : null;
  if (!plane.stage) send("rest", { version: plane.version });
}

// ---- pictures

const gallery = { next: -1, count: 0 };

function load({ width, hidden, side, count, theta, pictures }) {
  const input = new Float64Array(theta.length + pictures.length);
  input.set(theta);
  for (let k = 0; k < pictures.length; ++k) input[theta.length + k] = pictures[k] / 255;
  const [arrived] = engine.call("gallery", [width, hidden, side * side, count], input);
  gallery.count = count;
  send("gallery", { arrived });
}
function fall({ id, picture: start, steps }) {
  const answer = engine.call("fall", [steps], start);
  const pixels = start.length;
  const [end, taken] = answer;
  const nearest = [];
  for (let t = 0; t <= taken; ++t) nearest.push({ picture: answer[2 + 2 * t], distance: answer[3 + 2 * t] });
  const orbit = Float32Array.from(answer.subarray(2 + 2 * (taken + 1)));
  const last = answer.slice(answer.length - pixels);
  const found = ends[end] === "settled" ? engine.call("verdict_at", [], last) : null;
  send("fell", {
    id, end: ends[end], steps: taken, nearest, orbit,
    verdict: found && { kind: verdicts[found[0]], distance: found[1], radius: found[2] },
  }, [orbit.buffer]);
}
function nextVerdict() {
  const k = gallery.next++;
  const [kind, distance, radius] = engine.call("verdict", [k]);
  send("verdict", { picture: k, kind: verdicts[kind], distance, radius });
  if (gallery.next === gallery.count) gallery.next = -1;
}

// ---- messages, and what there is to do between them

const handlers = {
  start,
  load,
  fall,
  points({ points }) {
    engine.call("set_examples", [], points);
    plane.pictureAt = 0;
    plane.stage = { at: 0, row: 0 };
  },
  settings({ rate, goal, speed }) {
    Object.assign(plane, { rate, goal, speed });
  },
  run({ on }) {
    plane.running = on;
    if (on) plane.stage = null;
    else plane.stage = { at: 0, row: 0 };
    send("running", { running: on });
  },
  orbit({ id, x, y }) {
    const answer = engine.call("orbit", [2000], [x, y]);
    send("orbit", { version: plane.version, id, end: ends[answer[0]], path: Array.from(answer.subarray(1)) });
  },
  theta() {
    send("theta", { theta: Array.from(engine.call("theta")) });
  },
  verdicts() {
    if (gallery.next < 0) gallery.next = 0;
  },
};
/** Does one thing. How many milliseconds may pass until the next; -1: there is nothing to do. */
function work() {
  const began = now();
  if (plane.running) {
    train();
    if (!plane.running) plane.stage = { at: 0, row: 0 };
    if (plane.running && now() - plane.pictureAt > 120 + 2 * plane.pictureTook) roughPicture();
    if (plane.running && plane.speed) return Math.max(0, beat - (now() - began));
  } else if (plane.trained && plane.stage) finePicture();
  else if (gallery.next >= 0) nextVerdict();
  else return -1;
  return 0;
}
let awake = false;
const bell = new MessageChannel();
function guarded(body) {
  try {
    return body();
  } catch (error) {
    plane.running = false;
    plane.stage = null;
    gallery.next = -1;
    send("error", { message: error.message });
    return -1;
  }
}
const ring = () => bell.port2.postMessage(0);
bell.port1.onmessage = () => {
  const pause = guarded(work);
  awake = pause >= 0;
  if (pause >= 1) setTimeout(ring, pause);
  else if (awake) ring();
};
self.onmessage = ({ data }) => {
  guarded(() => handlers[data.type](data));
  if (!awake) {
    awake = true;
    ring();
  }
};
playgroundModule().then((module) => {
  engine = engineCalls(module);
  send("ready", { activations: engine.activations() });
});
