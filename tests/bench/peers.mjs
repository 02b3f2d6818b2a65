// SPDX-License-Identifier: GPL-2.0-or-later
// What sharp does with the workloads of tests/bench/run: two streams, each with one thread, as many as there are cores.
//
//   node peers.mjs WORKLOAD OUT FILE…
//
// A stream takes the next file when it has done one. Nothing is flushed to the disk. It has worked once when it says
// "ready", and begins when its standard input has ended.
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(process.env.DARKROOM_BENCH_MODULES + "/");
const sharp = require("sharp");

const STREAMS = 2;
const WIDTHS = [320, 640, 1280, 1920];

sharp.concurrency(1);
sharp.cache(false);

const named = (out, file, suffix) => path.join(out, path.parse(file).name + suffix);

const workloads = {
  thumbnail: (file, out) => sharp(file).rotate().resize(720).jpeg({ quality: 80 }).toFile(named(out, file, ".jpg")),

  // A pipeline for each width, as its documentation has it.
  srcset: (file, out) => Promise.all(WIDTHS.map((width) =>
    sharp(file).rotate().resize(width).jpeg({ quality: 80 }).toFile(named(out, file, `-${width}.jpg`)))),

  // Decoded once, to the largest, by somebody who cares.
  "srcset-once": async (file, out) => {
    const widest = await sharp(file).rotate().resize(WIDTHS.at(-1)).raw().toBuffer({ resolveWithObject: true });
    for (const width of WIDTHS)
      await sharp(widest.data, { raw: widest.info }).resize(width).jpeg({ quality: 80 })
        .toFile(named(out, file, `-${width}.jpg`));
  },

  webp: (file, out) => sharp(file).rotate().resize(1280).webp({ quality: 80 }).toFile(named(out, file, ".webp")),
  png: (file, out) => sharp(file).resize(1200).png({ adaptiveFiltering: true }).toFile(named(out, file, ".png")),
  avif: (file, out) => sharp(file).rotate().resize(1280).avif({ quality: 50 }).toFile(named(out, file, ".avif")),
  small: (file, out) => sharp(file).rotate().resize(48).jpeg({ quality: 80 }).toFile(named(out, file, ".jpg")),
};

const [workload, out, ...files] = process.argv.slice(2);

async function stream() {
  for (let file; (file = files.shift());)
    await workloads[workload](file, out);
}

await workloads[workload](files[0], out);
console.log("ready");
for await (const nothing of process.stdin);
await Promise.all(Array.from({ length: STREAMS }, stream));
