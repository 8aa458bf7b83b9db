// shots.mjs CHROMIUM PAGE FOLDER: pictures of the page to look at, on a phone and on a desk, light and dark.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Browser } from "./browser.mjs";

const [chromium, page, folder] = process.argv.slice(2);
const windows = {
  desk: { width: 1280, height: 900 },
  desk_dark: { width: 1280, height: 900, dark: true },
  phone: { width: 390, height: 844, scale: 2, touch: true },
  phone_dark: { width: 390, height: 844, scale: 2, touch: true, dark: true },
};
for (const [name, window] of Object.entries(windows)) {
  const browser = await Browser.open(chromium, pathToFileURL(resolve(page)).href, window);
  await browser.until(`document.body.dataset.rest === "yes"`, 600);
  await browser.click("#view", 0.85, 0.1);
  await browser.click("#view", 0.3, 0.52);
  await new Promise((done) => setTimeout(done, 2500));
  await browser.value("scrollTo(0, 0)");
  await browser.screenshot(`${folder}/plane_${name}.png`, true);
  await browser.click("#tab-pictures");
  await browser.until(`!document.getElementById("fall").disabled`, 60);
  await browser.click("#square");
  await browser.click("#fall");
  await browser.until("document.body.dataset.fallen", 120);
  await new Promise((done) => setTimeout(done, 5000));
  await browser.value("scrollTo(0, 0)");
  await browser.screenshot(`${folder}/pictures_${name}.png`, true);
  if (browser.problems.length) console.log(name, browser.problems);
  await browser.close();
}
