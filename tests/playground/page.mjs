// page.mjs CHROMIUM PAGE: opens the page in headless Chromium without a network, does with it what a person would - trains,
// clicks a start, places and drags points, draws a picture - and checks what is drawn, by its pixels, and what is said.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Browser } from "./browser.mjs";

const [chromium, page] = process.argv.slice(2);
const address = pathToFileURL(resolve(page)).href;
let failures = 0;
function check(good, what, found = "") {
  if (!good) ++failures;
  console.log(`${good ? "ok  " : "FAIL"}  ${what}${found === "" ? "" : `: ${found}`}`);
}
const text = (id) => `document.getElementById("${id}").textContent`;
// Where in the plane, as a fraction of the canvas: the box is [-1.5, 1.5] x [-1.5, 1.5].
const at = (x, y) => [(x + 1.5) / 3, (1.5 - y) / 3];
const rest = (browser) => browser.until(`document.body.dataset.rest === "yes"`, 900, "the picture is finished");
const tableRows = `[...document.querySelectorAll("#points-table tbody tr")].map((r) => [...r.cells].map((c) => c.textContent))`;
/** The colour at a point of the plane: red, green, blue, and how much it covers. */
const colourAt = ([across, down]) => `(() => { const c = document.getElementById("view");
  return [...c.getContext("2d").getImageData(c.width * ${across}, c.height * ${down}, 1, 1).data]; })()`;
/** How many pixels of an element's canvas change while something is done. */
async function changed(browser, id, action) {
  const keep = `window.kept = (() => { const c = document.getElementById("${id}"); return c.getContext("2d").getImageData(0, 0, c.width, c.height).data; })(); 0`;
  await browser.value(keep);
  await action();
  return browser.value(`(() => { const c = document.getElementById("${id}"), now = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
    let k = 0; for (let i = 0; i < now.length; i += 4) if (now[i] !== kept[i] || now[i + 1] !== kept[i + 1] || now[i + 2] !== kept[i + 2]) ++k; return k; })()`);
}
const settled = () => new Promise((done) => setTimeout(done, 600));
const far = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

async function plane(browser) {
  await browser.until(`document.body.dataset.running === "yes" || document.body.dataset.status`, 120, "it trains by itself");
  // While the worker trains, the page gets its frames, or this never ends; how slow they are is only said.
  const slowest = await browser.value(`new Promise((done) => { let last = performance.now(), most = 0, k = 0;
    const next = (t) => { most = Math.max(most, t - last); last = t; if (++k < 20) requestAnimationFrame(next); else done(most); }; requestAnimationFrame(next); })`);
  check(Number.isFinite(slowest), "frames go on while it trains; the slowest of 20, in ms", Math.round(slowest));
  await browser.until(`document.body.dataset.status && document.body.dataset.running === "no"`, 900, "the training ends");
  check((await browser.value("document.body.dataset.status")) === "converged", "six points, the default network: it converged, loss",
    await browser.value(text("loss")));
  await rest(browser);
  const rows = await browser.value(tableRows);
  const attracting = rows.filter((r) => r[1] === "attracting");
  check(attracting.length > 0, "attracting fixed points in the table", attracting.length);
  check(rows.every((r) => /^(attracting|unstable|undecided|cycle of period \d+)$/.test(r[1])), "every fixed point has a verdict");
  const inside = (r) => r[2].replace(/−/g, "-").match(/-?\d+\.\d+/g).map(Number);
  check(attracting.every((r) => (r[2].includes("i") ? Math.hypot(...inside(r)) : Math.max(...inside(r).map(Math.abs))) < 1),
    "eigenvalues of all that attract lie inside the unit circle");
  check(rows.some((r) => r[1] === "unstable" &&
    (r[2].includes("i") ? Math.hypot(...inside(r)) : Math.max(...inside(r).map(Math.abs))) > 1), "an unstable one has an eigenvalue outside");
  check(/^\d of 6 training points attract/.test(await browser.value(text("summary"))), "the summary", await browser.value(text("summary")));
  const shares = attracting.reduce((sum, r) => sum + parseFloat(r[4].replace("< ", "")), 0);
  check(shares > 50 && shares < 101, "basins of attracting points cover the square, in percent", shares.toFixed(1));

  // Beside each point that attracts, the colour is that of its basin: the point's, over the paper.
  await browser.click("#show-field");
  await browser.click("#show-fixed");
  await settled();
  const colours = [], aside = 30 / (await browser.value("side()")); // ten pixels, in the plane
  for (const r of attracting.filter((r) => r[3].startsWith("at point"))) {
    const [x, y] = r[0].replace(/−/g, "-").match(/-?\d+\.\d+/g).map(Number);
    const point = await browser.value(colourAt(at(x, y))), beside = await browser.value(colourAt(at(x - aside, y - aside)));
    colours.push(beside);
    check(point[3] === 255 && beside[3] > 50 && beside[3] < 250 && far(beside, point) < 12, `around ${r[3]} its colour, but paler`,
      `${point} and ${beside}`);
  }
  check(colours.every((a, i) => colours.every((b, j) => i === j || far(a, b) > 15)), "and each its own");
  const arrows = await changed(browser, "view", async () => (await browser.click("#show-field"), await settled()));
  check(arrows > 1000, "the vector field is drawn: pixels", arrows);
  const signs = await changed(browser, "view", async () => (await browser.click("#show-fixed"), await settled()));
  check(signs > 100, "fixed points are drawn: pixels", signs);

  // A start: a click beside point 1 ends at it.
  const drawn = await changed(browser, "view", async () => {
    await browser.click("#view", ...at(-1.2, 0.6));
    await browser.until(`/orbit (ends|leaves|still)/.test(${text("hint")})`, 60, "the orbit is told");
    await new Promise((done) => setTimeout(done, 2600));
  });
  check(drawn > 60, "a click draws an orbit: pixels", drawn);
  check(/ends at/.test(await browser.value(text("hint"))), "and says where it ends", await browser.value(text("hint")));
  await browser.value(`document.getElementById("view").focus(); 0`);
  await browser.key("ArrowRight");
  await browser.key("Enter", "Enter", "\r");
  await browser.until(`shown.orbits.length === 2 && shown.orbits[1].path`, 60, "the keyboard starts an orbit, too");
  check((await browser.value(`shown.orbits[1].path.slice(0, 2)`)).join() === "0.03,0", "Enter at the cross starts an orbit there");

  await agreement(browser);

  // Points: one more, dragged, removed.
  await browser.click('input[name="mode"][value="points"] + span');
  await browser.click("#view", ...at(0.1, 0.1));
  await browser.until(`shown.points.length === 7 && document.body.dataset.running === "yes"`, 60, "a click places a point, and it trains");
  await browser.drag("#view", [at(0.1, 0.1), at(0.2, 0.2), at(0.3, 0.25)]);
  const moved = await browser.value("shown.points[6]");
  check(Math.hypot(moved[0] - 0.3, moved[1] - 0.25) < 0.02, "dragging moves it", moved.map((v) => v.toFixed(3)));
  await browser.click("#view", ...at(0.3, 0.25));
  await browser.until(`shown.points.length === 6`, 60, "a click on it removes it");
  await browser.click("#run");
  await browser.until(`document.body.dataset.running === "no"`, 60, "Pause pauses");
  await browser.value(`document.getElementById("activation").value = "tanh"; document.getElementById("activation").onchange(); 0`);
  await browser.until(`shown.epoch > 20`, 120, "another activation trains from the beginning");
  check((await browser.value("shown.losses[0]")) < 100, "from the first epochs", await browser.value("shown.losses[0]"));
  await browser.click('[data-preset="none"]');
  await browser.until(`shown.points.length === 0 && shown.version === -1`, 60, "None removes all");
  check(/^Place/.test(await browser.value(text("summary"))), "without points it asks for some");
}

/** The first orbit ends at a point of the table that attracts, and the loss fell. */
async function agreement(browser) {
  const { worst, losses } = await browser.value(`(() => ({ worst: Math.max(...shown.orbits[0].path.slice(-2).map((v, k) => Math.min(
    ...shown.fixed.filter((p) => p.verdict === "attracting").map((p) => Math.abs(v - (k ? p.y : p.x)))))), losses: shown.losses }))()`);
  check(worst < 1e-5, "the orbit ends at a fixed point of the table that attracts, up to", worst.toExponential(1));
  check(losses[losses.length - 1] < losses[1] / 1e4, "the loss fell by more than 1e4");
}

async function pictures(browser) {
  await browser.click("#tab-pictures");
  await browser.until(`!document.getElementById("fall").disabled`, 120, "the pictures are ready");
  check((await browser.value(`document.querySelectorAll("#gallery button").length`)) === 100, "a hundred training pictures");
  const ink = await changed(browser, "draw", async () => {
    await browser.click("#blank");
    await browser.drag("#draw", [[0.35, 0.2], [0.65, 0.2], [0.65, 0.8], [0.35, 0.8], [0.35, 0.2], [0.5, 0.5]]);
  });
  check(ink > 40, "drawing changes pixels", ink);
  const fall = async () => {
    const before = await browser.value("album.asked");
    await browser.click("#fall");
    await browser.until(`album.fallen && album.asked !== ${before}`, 120, "the orbit is computed");
    await browser.until(`album.playing === 0`, 60, "and shown to its end");
    return browser.value(text("fallen"));
  };
  check((await fall()).length > 20, "a drawing falls", await browser.value(text("fallen")));
  const noisy = await changed(browser, "draw", () => browser.click("#add-noise"));
  check(noisy > 300, "noise disturbs it: pixels", noisy);
  // An attracting picture with a dab of the brush comes back. (With noise, some leave for infinity.)
  await browser.until(`album.verdicts.length > 2`, 300, "verdicts on the first pictures");
  check((await browser.value("album.verdicts[2]")) === "attracting", "picture 3 attracts");
  await browser.click("#gallery button:nth-child(3)");
  const dabbed = await changed(browser, "draw", () => browser.click("#draw", 0.2, 0.2));
  check(dabbed > 8, "a dab of the brush on picture 3: pixels", dabbed);
  const words = await fall();
  check(/fell into training picture 3,/.test(words), "it falls back", words);
  const same = await browser.value(`(() => { const a = document.getElementById("now").getContext("2d").getImageData(0, 0, 28, 28).data,
    b = document.getElementById("nearest").getContext("2d").getImageData(0, 0, 28, 28).data; let most = 0;
    for (let i = 0; i < a.length; ++i) most = Math.max(most, Math.abs(a[i] - b[i])); return most; })()`);
  check(same <= 5, "the end of the orbit looks like the training picture: largest difference of a pixel, of 255", same);
  check((await browser.value(`document.querySelectorAll("#strip button").length`)) >= 3, "the strip shows the way");
  await browser.until(`album.verdicts.length === 100`, 900, "a verdict on every picture");
  const attracting = await browser.value(`album.verdicts.filter((v) => v === "attracting").length`);
  check(attracting >= 45, "training pictures that attract, of 100", attracting);
}

for (const [name, window] of Object.entries({ desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844, scale: 2, touch: true } })) {
  console.log(`--- ${name}`);
  const browser = await Browser.open(chromium, address, window);
  try {
    await plane(browser);
    if (name === "desk") await pictures(browser);
    for (const tab of ["plane", "pictures"]) {
      await browser.click("#tab-" + tab);
      const wide = await browser.value(`document.documentElement.scrollWidth - innerWidth`);
      check(wide <= 0, `nothing is wider than the window (${tab})`, wide);
    }
  } catch (error) {
    check(false, error.message);
  }
  check(browser.problems.length === 0, "no exception, no error on the console", browser.problems.join("; "));
  check(await browser.value(`document.getElementById("problem").hidden`), "no message of a problem", await browser.value(text("problem")));
  await browser.close();
}
console.log(failures ? `${failures} checks failed` : "all checks passed");
process.exit(failures ? 1 : 0);
