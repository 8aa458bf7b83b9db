// What one sees and touches: the plane (canvas, controls, table). What is computed comes from the worker; pictures.js
// has the other half of the page.
"use strict";
const $ = (id) => document.getElementById(id);
const workerAddress = URL.createObjectURL(new Blob([$("worker-source").textContent], { type: "text/javascript" }));
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const darkness = matchMedia("(prefers-color-scheme: dark)");
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const minus = (text) => text.replace(/-/g, "−");

function problem(message) {
  $("problem").textContent = message;
  $("problem").hidden = false;
}
/** A worker with its messages handed to `handlers`, by their type. */
function helper(handlers) {
  const worker = new Worker(workerAddress);
  worker.onmessage = ({ data }) => (data.type === "error" ? problem("It went wrong: " + data.message) : handlers[data.type](data));
  worker.onerror = (event) => problem("The worker stopped: " + (event.message || "WebAssembly with vectors (SIMD) may be missing in this browser"));
  return (type, content = {}, moved = []) => worker.postMessage({ type, ...content }, moved);
}

// ---- colours: one for each training point, then those of attractors that are none

const palette = [[49, 120, 198], [227, 139, 41], [64, 158, 96], [206, 74, 74], [138, 105, 191], [38, 158, 163], [214, 103, 163],
  [148, 152, 46], [156, 105, 77], [96, 172, 224], [214, 178, 46], [104, 122, 156]];
const strangers = [[128, 134, 144], [152, 150, 158], [104, 114, 126], [142, 138, 128]];
const colourOf = (k) => palette[k % palette.length];
const rgb = ([r, g, b], alpha = 1) => `rgba(${r}, ${g}, ${b}, ${alpha})`;

// ---- what is shown

const box = [-1.5, 1.5, -1.5, 1.5];
const shown = {
  points: [], // training points, [x, y]
  fixed: [], field: null, indexSum: 0, indexSure: false,
  attractors: [], colours: [], known: [], // known: where spurious attractors were, for the sake of their colours
  cells: null, // {n, ids, times}: the finest picture so far
  image: document.createElement("canvas"),
  shares: null,
  orbits: [], // {id, x, y, path, end, drawn}
  cross: null, chosen: -1,
  version: 0, losses: [], epoch: 0, running: false,
};
let orbitCount = 0;
const view = $("view");
const pen = view.getContext("2d");

const side = () => view.clientWidth;
const toX = (x) => ((x - box[0]) / (box[1] - box[0])) * side();
const toY = (y) => ((box[3] - y) / (box[3] - box[2])) * side();
const fromX = (px) => box[0] + (px / side()) * (box[1] - box[0]);
const fromY = (py) => box[3] - (py / side()) * (box[3] - box[2]);

let asked = false;
function redraw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
  });
}
function sized(canvas) {
  const ratio = Math.min(devicePixelRatio || 1, 2);
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return context;
}

function draw() {
  sized(view);
  if ($("show-basins").checked && shown.cells) {
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(shown.image, 0, 0, side(), side());
  }
  drawAxes();
  if ($("show-field").checked && shown.field) drawField();
  shown.orbits.forEach(drawOrbit);
  if ($("show-fixed").checked) shown.fixed.forEach(drawFixed);
  shown.points.forEach(drawPoint);
  if (shown.cross && document.activeElement === view) drawCross();
}
function drawAxes() {
  pen.strokeStyle = css("--ink");
  pen.globalAlpha = 0.13;
  pen.lineWidth = 1;
  pen.beginPath();
  for (const v of [-1, 0, 1]) {
    pen.moveTo(toX(v), 0), pen.lineTo(toX(v), side());
    pen.moveTo(0, toY(v)), pen.lineTo(side(), toY(v));
  }
  pen.stroke();
  pen.globalAlpha = 0.55;
  pen.fillStyle = css("--ink");
  pen.font = "11px " + css("--ui");
  for (const v of [-1, 1]) {
    pen.fillText(minus(String(v)), toX(v) + 4, side() - 5);
    pen.fillText(minus(String(v)), 5, toY(v) - 4);
  }
  pen.globalAlpha = 1;
}
/** An arrow from each x towards f(x), never longer than the way to the next arrow. */
function drawField() {
  const { from, to } = shown.field;
  const longest = (side() / Math.sqrt(from.length / 2)) * 0.92;
  pen.strokeStyle = css("--field");
  pen.globalAlpha = 0.42;
  pen.lineWidth = 1.1;
  pen.beginPath();
  for (let k = 0; k < from.length; k += 2) {
    const x = toX(from[k]), y = toY(from[k + 1]);
    let dx = toX(to[k]) - x, dy = toY(to[k + 1]) - y;
    const length = Math.hypot(dx, dy);
    if (!(length > 0.6) || !Number.isFinite(length)) continue;
    const shorter = longest * Math.tanh(length / longest / 1.5) / length;
    dx *= shorter, dy *= shorter;
    const tip = Math.min(4, 0.4 * length * shorter), a = Math.atan2(dy, dx);
    pen.moveTo(x, y);
    pen.lineTo(x + dx, y + dy);
    pen.lineTo(x + dx - tip * Math.cos(a - 0.5), y + dy - tip * Math.sin(a - 0.5));
    pen.moveTo(x + dx, y + dy);
    pen.lineTo(x + dx - tip * Math.cos(a + 0.5), y + dy - tip * Math.sin(a + 0.5));
  }
  pen.stroke();
  pen.globalAlpha = 1;
}
function drawOrbit(orbit) {
  const path = orbit.path;
  if (!path) return;
  const last = Math.min(path.length / 2 - 1, Math.floor(orbit.drawn));
  pen.strokeStyle = css("--ink");
  pen.fillStyle = css("--ink");
  pen.lineWidth = 1.6;
  pen.beginPath();
  pen.moveTo(toX(path[0]), toY(path[1]));
  for (let t = 1; t <= last; ++t) pen.lineTo(toX(path[2 * t]), toY(path[2 * t + 1]));
  pen.stroke();
  for (let t = 1; t <= Math.min(last, 400); ++t) {
    pen.beginPath();
    pen.arc(toX(path[2 * t]), toY(path[2 * t + 1]), 2.2, 0, 7);
    pen.fill();
  }
  pen.beginPath();
  pen.arc(toX(path[0]), toY(path[1]), 4.5, 0, 7);
  pen.fillStyle = css("--plane");
  pen.fill();
  pen.stroke();
}
function drawFixed(p, k) {
  const x = toX(p.x), y = toY(p.y), chosen = k === shown.chosen;
  pen.lineWidth = chosen ? 3.5 : 2.2;
  pen.strokeStyle = css("--ink");
  pen.fillStyle = css("--plane");
  pen.beginPath();
  if (p.verdict === "attracting") {
    pen.arc(x, y, 9.5, 0, 7);
  } else if (p.verdict === "unstable") {
    const r = (p.example >= 0 ? 10 : 5.5) + (chosen ? 1.5 : 0); // around a training point
    pen.moveTo(x, y - r), pen.lineTo(x + r, y), pen.lineTo(x, y + r), pen.lineTo(x - r, y), pen.closePath();
    pen.lineWidth = chosen ? 3 : 1.6;
    pen.fill();
  } else {
    pen.rect(x - 4.5, y - 4.5, 9, 9);
    pen.lineWidth = chosen ? 3 : 1.6;
    pen.fill();
  }
  if (p.verdict === "attracting" && p.example < 0) {
    pen.fillStyle = rgb(colourOfFixed(k));
    pen.fill();
  }
  pen.stroke();
}
function drawPoint([px, py], k) {
  pen.beginPath();
  pen.arc(toX(px), toY(py), 5.5, 0, 7);
  pen.fillStyle = rgb(colourOf(k));
  pen.fill();
  pen.lineWidth = 1.5;
  pen.strokeStyle = css("--plane");
  pen.stroke();
}
function drawCross() {
  const [x, y] = [toX(shown.cross[0]), toY(shown.cross[1])];
  pen.strokeStyle = css("--accent");
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(x - 12, y), pen.lineTo(x + 12, y), pen.moveTo(x, y - 12), pen.lineTo(x, y + 12);
  pen.stroke();
}

// ---- basins

/** The colour of each attractor: that of the training point it is at, else one that it keeps while it moves. */
function chooseColours(attractors) {
  const known = [];
  const colours = attractors.map((points) => {
    const [x, y] = points[0];
    const near = points.length > 1 ? -1 : shown.points.findIndex(([a, b]) => Math.hypot(a - x, b - y) <= 0.02);
    if (near >= 0) return colourOf(near);
    const before = shown.known.find((old) => Math.hypot(old.at[0] - x, old.at[1] - y) < 0.15 && !known.includes(old));
    const one = before || { colour: strangers[(shown.strange = (shown.strange || 0) + 1) % strangers.length] };
    one.at = [x, y];
    known.push(one);
    return one.colour;
  });
  shown.known = known;
  shown.attractors = attractors;
  shown.colours = colours;
}
/** The number of the attractor, from 0, that is fixed point k. */
function attractorOfFixed(k) {
  const p = shown.fixed[k];
  return shown.attractors.findIndex((a) => a.length === 1 && Math.hypot(a[0][0] - p.x, a[0][1] - p.y) < 1e-6);
}
const colourOfFixed = (k) => shown.colours[attractorOfFixed(k)] || strangers[0];

function paintCells() {
  const { n, ids, times } = shown.cells;
  const image = shown.image;
  image.width = image.height = n;
  const pixels = new ImageData(n, n);
  for (let i = 0; i < n; ++i)
    for (let j = 0; j < n; ++j) {
      const from = (n - 1 - i) * n + j, to = 4 * (i * n + j);
      const id = ids[from];
      if (id <= 0) continue;
      const [r, g, b] = shown.colours[id - 1] || strangers[0];
      const late = Math.min(1, Math.log2(1 + times[from]) / 9);
      pixels.data[to] = r, pixels.data[to + 1] = g, pixels.data[to + 2] = b;
      pixels.data[to + 3] = 255 * (0.72 - 0.5 * late);
    }
  image.getContext("2d").putImageData(pixels, 0, 0);
}
/** Rows of a picture: the whole of a rough one, or what a finer one has by now on top of the one before. */
function takeBasins({ version, n, row, rows, ids, times, rough, attractors, whole }) {
  if (version !== shown.version) return;
  chooseColours(attractors);
  let cells = shown.cells;
  if (!cells || cells.n !== n) {
    const old = cells;
    cells = shown.cells = { n, ids: new Int16Array(n * n), times: new Uint16Array(n * n) };
    if (old)
      for (let i = 0; i < n; ++i)
        for (let j = 0; j < n; ++j) {
          const k = Math.floor((i * old.n) / n) * old.n + Math.floor((j * old.n) / n);
          cells.ids[i * n + j] = old.ids[k];
          cells.times[i * n + j] = old.times[k];
        }
  }
  cells.ids.set(ids, row * n);
  cells.times.set(times, row * n);
  paintCells();
  if (whole) {
    shown.shares = attractors.map(() => 0);
    for (const id of cells.ids) if (id > 0) ++shown.shares[id - 1];
    shown.shares = shown.shares.map((count) => count / (n * n));
    if (!rough) table();
  }
  redraw();
}

// ---- words and numbers

const number = (v, digits = 3) => minus(Math.abs(v) >= 1e4 ? v.toExponential(1) : v.toFixed(digits));
function lossText(v) {
  if (!Number.isFinite(v)) return "–";
  return v >= 0.001 ? v.toPrecision(3) : minus(v.toExponential(1));
}
const percent = (share) => (share > 0 && share < 0.001 ? "< 0.1 %" : (100 * share).toFixed(1) + " %");
function eigenvalueText([[a, b], [c, d]]) {
  if (b !== 0) return `${number(a)} ± ${number(Math.abs(b))} i`;
  return `${number(a)}, ${number(c)}`;
}
function table() {
  const rows = shown.fixed.map((p, k) => ({ p, k, share: shown.shares ? shown.shares[attractorOfFixed(k)] : undefined }));
  const rank = ({ p }) => (p.verdict === "attracting" ? 0 : 1000) + (p.example < 0 ? 500 : p.example);
  rows.sort((a, b) => rank(a) - rank(b));
  const body = $("points-table").tBodies[0];
  body.textContent = "";
  const cell = (row, text) => (row.insertCell().textContent = text);
  for (const { p, k, share } of rows) {
    const row = body.insertRow();
    const first = row.insertCell();
    const chip = document.createElement("span");
    chip.className = "chip " + p.verdict;
    if (p.verdict === "attracting") chip.style.background = rgb(p.example >= 0 ? colourOf(p.example) : colourOfFixed(k));
    first.append(chip, `(${number(p.x)}, ${number(p.y)})`);
    cell(row, p.verdict);
    cell(row, eigenvalueText(p.eigenvalues));
    cell(row, p.example >= 0 ? `at point ${p.example + 1}` : p.verdict === "attracting" ? "spurious" : "between");
    cell(row, p.verdict === "attracting" && share !== undefined ? percent(share) : "");
    row.onmouseenter = () => ((shown.chosen = k), redraw());
    row.onmouseleave = () => ((shown.chosen = -1), redraw());
  }
  shown.attractors.forEach((points, k) => {
    if (points.length === 1) return;
    const row = body.insertRow();
    cell(row, `(${number(points[0][0])}, ${number(points[0][1])}), …`);
    cell(row, `cycle of period ${points.length}`);
    cell(row, "");
    cell(row, "attracts its neighbourhood");
    cell(row, shown.shares ? percent(shown.shares[k] || 0) : "");
  });
  $("index-note").textContent = !shown.fixed.length ? "None was found." :
    `The indices add up to ${minus(String(shown.indexSum))}${shown.indexSure ? "" : " (not all are sure)"}. Where f contracts far out ` +
    "they must add up to 1; another sum says that points are missing.";
}
function summary() {
  const n = shown.points.length;
  if (!n) return "Place some training points first.";
  const attracting = shown.fixed.filter((p) => p.verdict === "attracting");
  const at = new Set(attracting.map((p) => p.example).filter((k) => k >= 0)).size;
  const spurious = attracting.filter((p) => p.example < 0).length;
  const others = shown.fixed.length - attracting.length;
  const many = (k, one, more) => `${k} ${k === 1 ? one : more}`;
  return `${at} of ${many(n, "training point attracts", "training points attract")}` +
    (spurious ? `, ${many(spurious, "spurious point does", "spurious points do")} too` : "") +
    (others ? `; ${many(others, "fixed point does not", "fixed points do not")}.` : ".");
}
let spoken = "";
function say(words = summary()) {
  if (words === spoken) return;
  spoken = words;
  $("summary").textContent = words;
}
function drawLosses() {
  const context = sized($("losses"));
  const [width, height] = [$("losses").clientWidth, $("losses").clientHeight];
  const history = shown.losses;
  const floor = Math.log10(+$("goal").value) - 0.3, top = 0.5;
  const y = (loss) => height - 2 - ((Math.log10(Math.max(loss, 1e-30)) - floor) / (top - floor)) * (height - 4);
  context.font = "10px " + css("--ui");
  context.fillStyle = css("--soft");
  context.strokeStyle = css("--line");
  context.beginPath();
  for (let power = 0; power > floor; power -= 2) {
    context.moveTo(34, y(10 ** power)), context.lineTo(width, y(10 ** power));
    context.fillText(power === 0 ? "1" : "1e" + minus(String(power)), 0, y(10 ** power) + 3);
  }
  context.stroke();
  if (history.length < 2) return;
  const last = Math.max(history[history.length - 2], 100);
  context.strokeStyle = css("--accent");
  context.lineWidth = 1.6;
  context.beginPath();
  for (let k = 0; k < history.length; k += 2) context.lineTo(34 + (history[k] / last) * (width - 36), y(history[k + 1]));
  context.stroke();
}

// ---- the worker's messages

const handlers = {
  ready({ activations }) {
    for (const name of activations) $("activation").add(new Option(name, name));
    $("run").disabled = $("again").disabled = false;
    ask("settings", settings());
    restart(true);
  },
  started({ version, parameters }) {
    Object.assign(shown, { version, losses: [], epoch: 0, cells: null, shares: null, known: [] });
    $("parameters").textContent = parameters.toLocaleString("en").replace(/,/g, "\u2009");
    $("epoch").textContent = "0";
    $("loss").textContent = "–";
    drawLosses();
  },
  running({ running }) {
    setRunning(running);
  },
  trained({ version, status, epochs, loss, history, running }) {
    if (version !== shown.version) return;
    shown.losses.push(...history);
    if (shown.losses.length > 1200) shown.losses = shown.losses.filter((_, k) => k % 4 < 2 || k >= shown.losses.length - 2);
    shown.epoch = epochs;
    $("epoch").textContent = epochs.toLocaleString("en").replace(/,/g, "\u2009");
    $("loss").textContent = lossText(loss);
    drawLosses();
    setRunning(running);
    document.body.dataset.status = status;
    if (status === "diverged") problem("The training diverged: try a lower learning rate, then start anew.");
  },
  portrait(portrait) {
    if (portrait.version !== shown.version) return;
    shown.field = { from: portrait.from, to: portrait.to };
    shown.fixed = portrait.points;
    shown.indexSum = portrait.indexSum;
    shown.indexSure = portrait.indexSure;
    chooseColours(portrait.attractors);
    document.body.dataset.rest = "no";
    table();
    say();
    for (const { id, x, y } of shown.orbits) ask("orbit", { id, x, y });
    redraw();
  },
  basins: takeBasins,
  rest({ version }) {
    if (version !== shown.version) return;
    document.body.dataset.rest = "yes";
  },
  orbit({ version, id, end, path }) {
    const orbit = shown.orbits.find((o) => o.id === id);
    if (!orbit || version !== shown.version) return;
    const first = !orbit.path;
    Object.assign(orbit, { path, end });
    if (!first || calm.matches) orbit.drawn = Infinity;
    else animate(orbit);
    if (first) hint(orbitWords(orbit));
    redraw();
  },
};
const ask = helper(handlers);

function orbitWords({ path, end }) {
  const steps = path.length / 2 - 1, x = path[path.length - 2], y = path[path.length - 1];
  if (end === "diverged") return `This orbit leaves for infinity (${steps} steps).`;
  if (end === "moving") return `This orbit still moves after ${steps} steps.`;
  const near = (list, at) => list.findIndex((p) => Math.hypot(at(p)[0] - x, at(p)[1] - y) <= 0.02);
  const k = near(shown.points, (p) => p);
  if (k >= 0) return `This orbit ends at training point ${k + 1} (${steps} steps).`;
  return `This orbit ends at (${number(x)}, ${number(y)}), which is no training point (${steps} steps).`;
}
/** Step by step at first, then faster: all of it within two seconds. */
function animate(orbit) {
  const steps = orbit.path.length / 2 - 1, began = performance.now();
  const next = (time) => {
    const seconds = Math.max(0, time - began) / 1000;
    orbit.drawn = Math.min(steps, 12 * seconds + steps * (seconds / 2) ** 4);
    redraw();
    if (orbit.drawn < steps && shown.orbits.includes(orbit)) requestAnimationFrame(next);
    else orbit.drawn = Infinity;
  };
  orbit.drawn = 0;
  requestAnimationFrame(next);
}

// ---- controls

const settings = () => ({ rate: +$("rate").value, goal: +$("goal").value, speed: +$("speed").value });
const flat = () => shown.points.flat();
const widthOf = () => 2 ** +$("width").value;
function setRunning(on) {
  shown.running = on;
  $("run").textContent = on ? "Pause" : shown.epoch > 0 ? "Go on" : "Train";
  document.body.dataset.running = on ? "yes" : "no";
}
function run(on) {
  setRunning(on);
  ask("run", { on });
}
/** A new network for the points there are. */
function restart(andTrain) {
  $("problem").hidden = true;
  shown.cells = null;
  shown.fixed = [];
  if (!shown.points.length) {
    shown.version = -1;
    shown.orbits = [];
    shown.field = null;
    ask("run", { on: false });
    say();
    table();
    redraw();
    return;
  }
  shown.version = -1; // until it has started
  shown.epoch = 0;
  ask("start", { width: widthOf(), hidden: +$("hidden").value, activation: $("activation").selectedIndex,
    seed: Math.max(0, Math.floor(+$("seed").value || 0)), points: flat() });
  run(andTrain);
}
function pointsChanged(fewOrMore) {
  if (!shown.points.length || shown.version < 0) return restart(shown.points.length > 0);
  ask("points", { points: flat() });
  if (fewOrMore || !shown.running) run(true);
  redraw();
}
function labels() {
  $("hidden").nextElementSibling.textContent = $("hidden").value;
  $("width").nextElementSibling.textContent = widthOf();
}
function hint(words) {
  $("hint").textContent = words;
}
const presets = {
  three: () => [[-0.8, 0.5], [0.1, -0.6], [0.7, 0.4]],
  six: () => [[-0.9, 0.35], [-0.35, 0.9], [0.55, 0.75], [0.95, -0.2], [0.2, -0.75], [-0.6, -0.6]],
  ring: () => Array.from({ length: 10 }, (_, k) => [Math.cos((k * Math.PI) / 5 + 0.2), Math.sin((k * Math.PI) / 5 + 0.2)]),
  line: () => [[-1, -0.5], [-0.5, -0.25], [0, 0], [0.5, 0.25], [1, 0.5]],
  random: () => Array.from({ length: 7 }, () => [2.2 * Math.random() - 1.1, 2.2 * Math.random() - 1.1]),
  none: () => [],
};
function usePreset(name) {
  shown.points = presets[name]();
  shown.orbits = [];
  if (name === "none") document.querySelector('input[name="mode"][value="points"]').click();
  restart(true);
}
const mode = () => document.querySelector('input[name="mode"]:checked').value;
function modeHint() {
  hint(mode() === "orbit" ? "Click anywhere: where does the orbit from there end? Drag a training point to move it." :
    "Click to place a training point, click one to remove it, drag to move it. Training goes on by itself.");
}
function nearestPoint(x, y, within) {
  let best = -1, least = within;
  shown.points.forEach(([a, b], k) => {
    const d = Math.hypot(toX(a) - toX(x), toY(b) - toY(y));
    if (d < least) [best, least] = [k, d];
  });
  return best;
}
function addOrbit(x, y) {
  if (shown.version < 0) return hint("There is no network yet: place training points first.");
  const orbit = { id: ++orbitCount, x, y, path: null, drawn: 0 };
  shown.orbits.push(orbit);
  if (shown.orbits.length > 12) shown.orbits.shift();
  ask("orbit", { id: orbit.id, x, y });
}
function removePoint(k) {
  shown.points.splice(k, 1);
  pointsChanged(true);
}
function act(x, y) {
  if (mode() === "orbit") return addOrbit(x, y);
  const k = nearestPoint(x, y, 12);
  if (k >= 0) return removePoint(k);
  if (shown.points.length >= 40) return hint("Forty points are the most.");
  shown.points.push([x, y]);
  pointsChanged(true);
}

let held = null;
const place = (event) => {
  const frame = view.getBoundingClientRect();
  const inside = (v, low, high) => Math.min(Math.max(v, low), high);
  return [inside(fromX(event.clientX - frame.left), box[0], box[1]), inside(fromY(event.clientY - frame.top), box[2], box[3])];
};
view.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  view.setPointerCapture(event.pointerId);
  const [x, y] = place(event);
  held = { point: nearestPoint(x, y, event.pointerType === "touch" ? 22 : 12), from: [event.clientX, event.clientY], moved: false };
  shown.cross = null;
});
view.addEventListener("pointermove", (event) => {
  const [x, y] = place(event);
  if (!held) {
    view.style.cursor = nearestPoint(x, y, 12) >= 0 ? (mode() === "points" ? "pointer" : "grab") : "crosshair";
    return;
  }
  if (Math.hypot(event.clientX - held.from[0], event.clientY - held.from[1]) > 4) held.moved = true;
  if (!held.moved || held.point < 0) return;
  shown.points[held.point] = [x, y];
  redraw();
});
view.addEventListener("pointerup", (event) => {
  if (!held) return;
  const { point, moved } = held;
  held = null;
  if (point >= 0 && moved) return pointsChanged(false);
  if (!moved) act(...place(event));
});
view.addEventListener("pointercancel", () => (held = null));
view.addEventListener("keydown", (event) => {
  const step = event.shiftKey ? 0.2 : 0.03;
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!way && !["Enter", " ", "Delete", "Backspace"].includes(event.key)) return;
  event.preventDefault();
  if (!shown.cross) shown.cross = [0, 0];
  if (way) shown.cross = shown.cross.map((v, k) => Math.min(1.5, Math.max(-1.5, v + step * way[k])));
  else if (event.key === "Enter" || event.key === " ") act(...shown.cross);
  else if (shown.points.length) removePoint(nearestPoint(...shown.cross, Infinity));
  redraw();
});
view.addEventListener("focus", redraw);
view.addEventListener("blur", redraw);

$("run").onclick = () => (shown.version < 0 ? restart(true) : run(!shown.running));
$("again").onclick = () => {
  $("seed").value = (Math.floor(+$("seed").value || 0) + 1) % 1000000;
  restart(true);
};
for (const id of ["hidden", "width"]) {
  $(id).oninput = labels;
  $(id).onchange = () => restart(true);
}
for (const id of ["activation", "seed"]) $(id).onchange = () => restart(true);
for (const id of ["rate", "goal", "speed"]) $(id).onchange = () => (ask("settings", settings()), drawLosses());
for (const id of ["show-basins", "show-field", "show-fixed"]) $(id).onchange = redraw;
for (const input of document.querySelectorAll('input[name="mode"]')) input.onchange = modeHint;
for (const button of document.querySelectorAll("[data-preset]")) button.onclick = () => usePreset(button.dataset.preset);
$("clear-orbits").onclick = () => {
  shown.orbits = [];
  modeHint();
  redraw();
};

// ---- tabs

function openTab(name) {
  for (const tab of ["plane", "pictures"]) {
    const on = tab === name;
    $(tab).hidden = !on;
    $("tab-" + tab).setAttribute("aria-selected", on);
    $("tab-" + tab).tabIndex = on ? 0 : -1;
  }
  if (name === "pictures") openPictures();
  else if (shown.version > 0) redraw();
}
for (const tab of ["plane", "pictures"]) {
  $("tab-" + tab).onclick = () => {
    openTab(tab);
    history.replaceState(null, "", tab === "plane" ? "#" : "#pictures");
  };
  $("tab-" + tab).onkeydown = (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = tab === "plane" ? "pictures" : "plane";
    $("tab-" + other).click();
    $("tab-" + other).focus();
  };
}

shown.points = presets.six();
labels();
darkness.addEventListener("change", redraw);
new ResizeObserver(() => (redraw(), drawLosses())).observe(view);
redraw();
