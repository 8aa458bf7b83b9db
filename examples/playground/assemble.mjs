// assemble.mjs WORK PAGE: puts styles, scripts, the compiled library and the pictures into one page.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [work, page] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const source = (name) => readFileSync(join(here, name), "utf8");
const version = readFileSync(join(here, "../../include/basin/version.hpp"), "utf8");
const part = (name) => version.match(new RegExp(`BASIN_VERSION_${name} (\\d+)`))[1];

const parts = {
  STYLE: source("page.css"),
  WORKER: readFileSync(join(work, "engine.js"), "utf8") + source("engine_calls.js") + source("worker.js"),
  FACTS: readFileSync(join(work, "pictures.json"), "utf8").trim(),
  BYTES: readFileSync(join(work, "pictures.bin")).toString("base64"),
  SCRIPT: source("page.js") + source("pictures.js"),
  VERSION: `${part("MAJOR")}.${part("MINOR")}.${part("PATCH")}`,
};
for (const [name, text] of Object.entries(parts))
  if (/<\/script|<!--/i.test(text) && name !== "STYLE") throw new Error(`${name} would end its element in the page`);
const html = source("page.html").replace(/@@([A-Z]+)@@/g, (_, name) => {
  if (!(name in parts)) throw new Error(`page.html asks for ${name}, which there is not`);
  return parts[name];
});
writeFileSync(page + ".new", html);
renameSync(page + ".new", page);
