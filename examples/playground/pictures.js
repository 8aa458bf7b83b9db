// The tab of pictures: a start is drawn or disturbed, its orbit computed by the worker and shown step by step.
const facts = JSON.parse($("pictures-facts").textContent);
const size = facts.side, pixels = size * size;
const album = {
  opened: false, ready: false, training: [], unseen: [], // Uint8Array of each picture
  start: new Float64Array(pixels), fallen: null, asked: 0, playing: 0, verdicts: [], arrived: 0,
  nextUnseen: 1, // the orbit of picture 0 leaves for infinity: a start for later
  cross: null,
};
let askAlbum = null;

function unpack() {
  const text = atob($("pictures-bytes").textContent.trim());
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  $("pictures-bytes").textContent = "";
  const theta = new Float32Array(bytes.buffer, 0, facts.parameters);
  const images = bytes.subarray(4 * facts.parameters);
  const picture = (k) => images.subarray(k * pixels, (k + 1) * pixels);
  album.training = Array.from({ length: facts.pictures }, (_, k) => picture(k));
  album.unseen = Array.from({ length: facts.unseen }, (_, k) => picture(facts.pictures + k));
  return { theta: theta.slice(), pictures: images.slice(0, facts.pictures * pixels) };
}
/** Numbers from 0 to 1, or bytes, on a canvas of size x size. */
function paint(canvas, values, scale = 255) {
  canvas.width = canvas.height = size;
  const image = new ImageData(size, size);
  for (let k = 0; k < pixels; ++k) {
    image.data[4 * k] = image.data[4 * k + 1] = image.data[4 * k + 2] = Math.min(255, Math.max(0, values[k] * scale));
    image.data[4 * k + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function openPictures() {
  if (album.opened) return drawDistances();
  album.opened = true;
  const content = unpack();
  $("pictures-lead").textContent =
    `This network has ${facts.hidden} hidden layers of ${facts.width} neurons, ${facts.parameters.toLocaleString("en")} parameters, ` +
    `as in Figure 3 of the paper. It was trained on the ${facts.pictures} pictures below, in ${facts.epochs} epochs, until they were ` +
    `reproduced to a mean squared error of ${minus(facts.loss.toExponential(0))}. Give it another one, and apply it again and again.`;
  album.training.forEach((bytes, k) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Training picture ${k + 1}`);
    const canvas = document.createElement("canvas");
    paint(canvas, bytes, 1);
    button.append(canvas);
    button.onclick = () => {
      setStart(Float64Array.from(bytes, (v) => v / 255));
      fallen(`This is training picture ${k + 1}. Disturb it, and let it fall.`);
      if ($("draw").getBoundingClientRect().top < 0) $("draw").scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
    };
    $("gallery").append(button);
  });
  askAlbum = helper(albumHandlers);
  albumHandlers.ready = () => askAlbum("load", { ...content, width: facts.width, hidden: facts.hidden, side: size, count: facts.pictures });
  takeUnseen();
}

const albumHandlers = {
  gallery({ arrived }) {
    album.ready = true;
    album.arrived = arrived;
    $("fall").disabled = false;
    askAlbum("verdicts");
  },
  verdict({ picture, kind }) {
    album.verdicts[picture] = kind;
    $("gallery").children[picture].dataset.kind = kind;
    $("gallery").children[picture].title = `Picture ${picture + 1}: ${kind}`;
    const seen = album.verdicts.length, attracting = album.verdicts.filter((v) => v === "attracting").length;
    $("verdict-note").textContent = seen < facts.pictures ? `Looking which of them attract: ${attracting} of ${seen} so far.` :
      `${attracting} of the ${seen} are attractors (green frames): within 1 % there is a fixed point that is shown to attract.`;
  },
  fell(result) {
    if (result.id !== album.asked) return;
    album.fallen = result;
    $("fall").disabled = false;
    $("time").max = result.steps;
    document.body.dataset.fallen = String(result.id);
    strip();
    drawDistances();
    play();
  },
};

function setStart(values) {
  album.start = values;
  album.fallen = null;
  album.asked = -1;
  cancelAnimationFrame(album.playing);
  paint($("draw"), values);
  paint($("now"), values);
  paint($("nearest"), new Float64Array(pixels));
  $("step").textContent = "0";
  $("time").max = $("time").value = 0;
  $("strip").textContent = "";
  $("fall").disabled = !album.ready;
  for (const button of document.querySelectorAll("#gallery .fallen")) button.classList.remove("fallen");
  drawDistances();
}
function fallen(words) {
  $("fallen").textContent = words;
}
function takeUnseen() {
  const k = album.nextUnseen;
  album.nextUnseen = (k + 1) % facts.unseen;
  setStart(Float64Array.from(album.unseen[k], (v) => v / 255));
  fallen("The network has not seen this picture. Let it fall, or disturb it first.");
}

// ---- the orbit

const orbitPicture = (t) => album.fallen.orbit.subarray(t * pixels, (t + 1) * pixels);
/** Times that are worth a look: dense at first, then sparse. */
function times() {
  const last = album.fallen.steps;
  return [...new Set([0, 1, 2, 3, 5, 8, 13, 21, 50, 100, 200, 500, 1000].filter((t) => t < last).concat(last))];
}
function strip() {
  $("strip").textContent = "";
  for (const t of times()) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Step ${t}`);
    button.dataset.time = t;
    const canvas = document.createElement("canvas");
    paint(canvas, orbitPicture(t));
    button.append(canvas, String(t));
    button.onclick = () => (stop(), showTime(t));
    $("strip").append(button);
  }
}
function showTime(t) {
  const { nearest, steps } = album.fallen;
  paint($("now"), orbitPicture(t));
  paint($("nearest"), album.training[nearest[t].picture], 1);
  $("step").textContent = t;
  $("time").value = t;
  const shownTimes = times();
  const at = shownTimes.filter((s) => s <= t).pop();
  for (const button of $("strip").children) button.setAttribute("aria-current", +button.dataset.time === at);
  for (const button of document.querySelectorAll("#gallery .fallen")) button.classList.remove("fallen");
  $("gallery").children[nearest[t].picture].classList.add("fallen");
  drawDistances(t);
  if (t === steps) fallen(endWords());
  else fallen(`After ${t} ${t === 1 ? "step" : "steps"} it is nearest to training picture ${nearest[t].picture + 1}.`);
}
function endWords() {
  const { nearest, steps, end, verdict } = album.fallen;
  const last = nearest[steps];
  const first = nearest.findIndex((n) => n.picture === last.picture && n.distance <= album.arrived);
  if (last.distance <= album.arrived)
    return `It fell into training picture ${last.picture + 1}, and was there after ${first} ${first === 1 ? "step" : "steps"}.` +
      (verdict && verdict.kind === "attracting" ? " The fixed point there is shown to attract." : "");
  if (end === "diverged") return "Its orbit leaves for infinity.";
  if (end === "moving") return `It still moves after ${steps} steps, and is at no training picture.`;
  const away = `${((5 * last.distance) / album.arrived).toFixed(last.distance < 2 * album.arrived ? 1 : 0)} %`;
  return `It came to rest ${away} away from training picture ${last.picture + 1}, the nearest` +
    (verdict && verdict.kind === "attracting" ? ": an attractor that is none of them (5 % would be near enough)." : ".");
}
function stop() {
  cancelAnimationFrame(album.playing);
  album.playing = 0;
}
/** All of the orbit in about four seconds, slowly at first. */
function play() {
  stop();
  const { steps } = album.fallen;
  if (calm.matches) return showTime(steps);
  const began = performance.now();
  let before = -1;
  const next = (time) => {
    const seconds = Math.max(0, time - began) / 1000;
    const t = Math.min(steps, Math.floor(3 * seconds + Math.max(0, steps - 12) * Math.max(0, (seconds - 1) / 3) ** 3));
    if (t !== before) showTime((before = t));
    album.playing = t < steps ? requestAnimationFrame(next) : 0;
  };
  showTime(0);
  album.playing = requestAnimationFrame(next);
}
function drawDistances(now = -1) {
  const canvas = $("distances");
  if (!canvas.clientWidth) return;
  const context = sized(canvas), width = canvas.clientWidth, height = canvas.clientHeight;
  context.font = "10px " + css("--ui");
  context.fillStyle = css("--soft");
  context.fillText("distance to it, over the steps (logarithmic)", 0, 10);
  if (!album.fallen) return;
  const { nearest, steps } = album.fallen;
  // What leaves for infinity goes out of the picture.
  const largest = Math.min(Math.max(...nearest.map((n) => n.distance), album.arrived), 3 * Math.max(nearest[0].distance, album.arrived));
  const x = (t) => (Math.log2(1 + t) / Math.log2(1 + Math.max(steps, 1))) * (width - 8) + 4;
  const y = (d) => height - 4 - (Math.min(d, 1.2 * largest) / largest) * (height - 22);
  context.strokeStyle = css("--line");
  context.setLineDash([4, 3]);
  context.beginPath();
  context.moveTo(0, y(album.arrived)), context.lineTo(width, y(album.arrived));
  context.stroke();
  context.setLineDash([]);
  context.strokeStyle = css("--accent");
  context.lineWidth = 1.6;
  context.beginPath();
  nearest.forEach((n, t) => context.lineTo(x(t), y(n.distance)));
  context.stroke();
  if (now < 0) return;
  context.fillStyle = css("--accent");
  context.beginPath();
  context.arc(x(now), y(nearest[now].distance), 4, 0, 7);
  context.fill();
}

// ---- drawing and disturbing

function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
function disturb(change) {
  const values = album.start.slice();
  change(values);
  setStart(values);
  fallen("Disturbed. Let it fall.");
}
$("fall").onclick = () => {
  $("fall").disabled = true;
  askAlbum("fall", { id: (album.asked = performance.now()), picture: album.start, steps: 1000 });
};
$("time").oninput = () => {
  if (!album.fallen) return;
  stop();
  showTime(+$("time").value);
};
$("unseen").onclick = takeUnseen;
$("blank").onclick = () => (setStart(new Float64Array(pixels)), fallen("Draw something on the black square, and let it fall."));
$("noise").onclick = () => (setStart(Float64Array.from({ length: pixels }, normal)), fallen("Noise: each pixel from N(0, 1). Let it fall."));
$("add-noise").onclick = () => disturb((v) => v.forEach((_, k) => (v[k] += 0.25 * normal())));
$("cover").onclick = () => disturb((v) => v.fill(0, pixels / 2));
$("square").onclick = () => disturb((v) => {
  const side = Math.round(size / 2.5);
  const [row, column] = [0, 1].map(() => Math.floor(Math.random() * (size - side)));
  for (let i = 0; i < side; ++i) v.fill(1, (row + i) * size + column, (row + i) * size + column + side);
});
$("invert").onclick = () => disturb((v) => v.forEach((x, k) => (v[k] = 1 - x)));

/** A round, soft brush at (x, y) in pixels. */
function brush(x, y) {
  const value = +document.querySelector('input[name="brush"]:checked').value, radius = 0.8 + +$("brush-size").value;
  for (let i = 0; i < size; ++i)
    for (let j = 0; j < size; ++j) {
      const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(j + 0.5 - x, i + 0.5 - y)));
      const k = i * size + j;
      album.start[k] += cover * (value - album.start[k]);
    }
}
function drawn() {
  setStart(album.start);
  fallen("Let it fall when you are done.");
}
const sheet = $("draw");
let stroke = null;
const onSheet = (event) => {
  const frame = sheet.getBoundingClientRect();
  return [((event.clientX - frame.left) / frame.width) * size, ((event.clientY - frame.top) / frame.height) * size];
};
sheet.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  sheet.setPointerCapture(event.pointerId);
  stroke = onSheet(event);
  brush(...stroke);
  drawn();
});
sheet.addEventListener("pointermove", (event) => {
  if (!stroke) return;
  const to = onSheet(event), steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - stroke[0], to[1] - stroke[1])));
  for (let k = 1; k <= steps; ++k) brush(stroke[0] + ((to[0] - stroke[0]) * k) / steps, stroke[1] + ((to[1] - stroke[1]) * k) / steps);
  stroke = to;
  drawn();
});
for (const end of ["pointerup", "pointercancel"]) sheet.addEventListener(end, () => (stroke = null));
sheet.addEventListener("keydown", (event) => {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!way && event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  album.cross = album.cross || [size / 2, size / 2];
  if (way) {
    album.cross = album.cross.map((v, k) => Math.min(size - 0.5, Math.max(0.5, v + way[k])));
    paint(sheet, album.start);
  } else {
    brush(...album.cross);
    drawn();
  }
  const context = sheet.getContext("2d");
  context.fillStyle = "#e38b29";
  context.fillRect(Math.floor(album.cross[0]), Math.floor(album.cross[1]), 1, 1);
});

if (location.hash === "#pictures") openTab("pictures");
