// A page in headless Chromium, driven over two pipes by the DevTools protocol: no package is needed.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Browser {
  #last = 0;
  #waiting = new Map();
  #rest = "";
  problems = []; // exceptions and errors on the console

  /** Opens `address` in a window of this size, in the light or the dark. */
  static async open(program, address, { width, height, dark = false, scale = 1, touch = false }) {
    const browser = new Browser();
    browser.folder = mkdtempSync(join(tmpdir(), "playground-"));
    browser.process = spawn(program, ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
      "--hide-scrollbars", "--remote-debugging-pipe", `--user-data-dir=${browser.folder}`, "about:blank"],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    browser.process.stdio[4].setEncoding("utf8").on("data", (text) => browser.#take(text));
    const { targetInfos } = await browser.send("Target.getTargets");
    const { targetId } = targetInfos.find((t) => t.type === "page");
    browser.session = (await browser.send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
    for (const domain of ["Page", "Runtime", "Log"]) await browser.send(domain + ".enable");
    await browser.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: scale, mobile: touch });
    await browser.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
    await browser.send("Network.enable");
    await browser.send("Network.emulateNetworkConditions", { offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 });
    await browser.send("Page.navigate", { url: address });
    return browser;
  }
  #take(text) {
    this.#rest += text;
    for (let end; (end = this.#rest.indexOf("\0")) >= 0;) {
      const message = JSON.parse(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(end + 1);
      const waiting = this.#waiting.get(message.id);
      if (waiting) {
        this.#waiting.delete(message.id);
        if (message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
        else waiting.resolve(message.result);
      }
      if (message.method === "Runtime.exceptionThrown")
        this.problems.push(message.params.exceptionDetails.exception?.description || message.params.exceptionDetails.text);
      if (message.method === "Log.entryAdded" && message.params.entry.level === "error") this.problems.push(message.params.entry.text);
    }
  }
  send(method, params = {}) {
    const id = ++this.#last;
    const message = { id, method, params };
    if (this.session && !method.startsWith("Target.")) message.sessionId = this.session;
    this.process.stdio[3].write(JSON.stringify(message) + "\0");
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, method }));
  }
  /** The value of an expression in the page. */
  async value(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description || exceptionDetails.text}`);
    return result.value;
  }
  /** Waits until an expression is true, or fails. */
  async until(expression, seconds, what = expression) {
    const end = Date.now() + 1000 * seconds;
    let error; // names are not there before the page is
    const holds = () => this.value(`Boolean(${expression})`).catch((e) => ((error = e), false));
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}${error ? `; ${error.message}` : ""}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  async #mouse(type, x, y) {
    await this.send("Input.dispatchMouseEvent", { type, x, y, button: "left", buttons: type === "mouseReleased" ? 0 : 1, clickCount: 1 });
  }
  /** Scrolls to the element and gives where in it the fractions (across, down) lie. */
  async place(selector, across = 0.5, down = 0.5) {
    return this.value(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.scrollIntoView({ block: "center" });
      const r = e.getBoundingClientRect(); return [r.left + r.width * ${across}, r.top + r.height * ${down}]; })()`);
  }
  async click(selector, across, down) {
    const [x, y] = await this.place(selector, across, down);
    await this.#mouse("mousePressed", x, y);
    await this.#mouse("mouseReleased", x, y);
  }
  /** Presses at the first of some places in the element, moves through the others, and lets go. */
  async drag(selector, places) {
    const points = [];
    for (const [across, down] of places) points.push(await this.place(selector, across, down));
    await this.#mouse("mousePressed", ...points[0]);
    for (const point of points.slice(1)) await this.#mouse("mouseMoved", ...point);
    await this.#mouse("mouseReleased", ...points[points.length - 1]);
  }
  async key(key, code = key, text = undefined) {
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, code, text });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key, code });
  }
  /** The page as a picture: what the window shows, or all of it. */
  async screenshot(file, whole = false) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: whole });
    writeFileSync(file, Buffer.from(data, "base64"));
  }
  async close() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.session = undefined;
    this.send("Browser.close").catch(() => {});
    await ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
