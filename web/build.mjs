// Builds the page into src/polytape/web/page: one script, one style sheet, one document, and what
// its security policy has to allow. Fails where the page is larger than it may be.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const MOST_BYTES = 120_000;
const out = here("../src/polytape/web/page");
const tests = here(".tests");

const common = { bundle: true, format: "esm", target: "es2022", charset: "utf8", logLevel: "warning" };

async function buildTests() {
  await rm(tests, { recursive: true, force: true });
  const names = (await readdir(here("tests"))).filter((name) => name.endsWith(".test.ts"));
  const entryPoints = names.map((name) => here(`tests/${name}`));
  await build({ ...common, entryPoints, outdir: tests, platform: "node", outExtension: { ".js": ".mjs" } });
}

/** The chart library puts one style element into the page, for its logo. */
async function styleHash() {
  const path = here("node_modules/lightweight-charts/dist/lightweight-charts.production.mjs");
  const found = /innerText="(a#tv-attr-logo[^"]*)"/.exec(await readFile(path, "utf8"));
  if (found === null) throw new Error("the logo's style is not where it was: see its library");
  return `sha256-${createHash("sha256").update(found[1]).digest("base64")}`;
}

async function buildPage() {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await build({ ...common, entryPoints: [here("src/main.ts")], outfile: `${out}/page.js`, minify: true, legalComments: "inline" });
  await build({ ...common, entryPoints: [here("src/page.css")], outfile: `${out}/page.css`, minify: true });
  for (const name of ["index.html", "icon.svg"]) {
    await writeFile(`${out}/${name}`, await readFile(here(`src/${name}`)));
  }
  await writeFile(`${out}/NOTICE`, await readFile(here("NOTICE")));
  await writeFile(`${out}/policy.json`, JSON.stringify({ style: await styleHash() }) + "\n");
  await measure();
}

async function measure() {
  let bytes = 0;
  for (const name of await readdir(out)) bytes += gzipSync(await readFile(`${out}/${name}`)).length;
  if (bytes > MOST_BYTES) throw new Error(`the page has ${bytes} bytes gzipped, over ${MOST_BYTES}`);
  console.log(`page: ${bytes} bytes gzipped of at most ${MOST_BYTES}`);
}

await (process.argv.includes("--tests") ? buildTests() : buildPage());
