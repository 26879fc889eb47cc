/**
 * How quickly the live page answers, in Debian's Chromium with software GL: the first density of a run that has just
 * begun, another level of a large map, a run of very many events. Prints a line of JSON each; asserts nothing.
 *
 *   npx tsx bench/page/speed.ts [--edge 256] [--events 100000] [--particles 20000] [--threads 2]
 *   [--only level,events,density]
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Browser } from "playwright-core";
import { resample } from "../../src/evaluate/resample.ts";
import { disk } from "../../src/io/disk.ts";
import { readMap, writeMap } from "../../src/io/mrc.ts";
import type { RunEvent } from "../../src/reconstruct/folder/events.ts";
import { buildPage } from "../../test/web/e2e/site.ts";
import { covered, openBrowser, picture, visit } from "../../test/web/e2e/visit.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values } = parseArgs({
  options: {
    edge: { type: "string", default: "256" },
    events: { type: "string", default: "100000" },
    particles: { type: "string", default: "20000" },
    threads: { type: "string", default: "2" },
    only: { type: "string", default: "level,events,density" },
  },
});

const asked = (what: string): boolean => values.only.split(",").includes(what);

const folder = mkdtempSync(join(tmpdir(), "cryogan-page-")),
  runs = join(folder, "runs");
mkdirSync(runs);
execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"], {
  cwd: root,
});
buildPage();
const program = join(root, "dist/main.js");
const server = spawn(process.execPath, [program, "serve", runs, "--port", "0"], {
  stdio: ["ignore", "pipe", "inherit"],
});
const address = new URL(
  "/",
  String((await once(server.stdout, "data"))[0])
    .trim()
    .split(/\s/)
    .at(-1)!,
).href;
const time = new Date().toISOString();
const start: RunEvent = {
  ...{
    type: "start",
    time,
    particles: 1000,
    boxSize: 64,
    pixelSizeAngstrom: 3,
    symmetry: "C1",
    device: "cpu",
    seed: 1,
  },
};
const finished: RunEvent = { type: "finished", time, elapsedSeconds: 1, map: "map.mrc", finestAngstrom: 10 };

const browser = await openBrowser();
try {
  console.log(JSON.stringify({ what: "GL", renderer: await renderer(browser) }));
  if (asked("level"))
    console.log(JSON.stringify({ what: `another level, ${values.edge} voxels`, ...(await redraws(browser)) }));
  if (asked("events")) console.log(JSON.stringify({ what: `${values.events} events`, ...(await opening(browser)) }));
  if (asked("density")) console.log(JSON.stringify({ what: "first density", ...(await firstDensity(browser)) }));
} finally {
  await browser.close();
  server.kill();
  rmSync(folder, { recursive: true });
}

async function renderer(of: Browser): Promise<string> {
  const page = await of.newPage();
  const name = await page.evaluate(() => {
    const gl = document.createElement("canvas").getContext("webgl2")!;
    return String(gl.getParameter(gl.getExtension("WEBGL_debug_renderer_info")!.UNMASKED_RENDERER_WEBGL));
  });
  await page.close();
  return name;
}

function writeRun(name: string, events: readonly RunEvent[]): string {
  mkdirSync(join(runs, name));
  writeFileSync(join(runs, name, "events.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  return join(runs, name);
}

/** From the input event of the slider until the first frame with another surface is drawn, and the whole one again. */
async function redraws(of: Browser): Promise<{ coarseMs: number[]; wholeMs: number[] }> {
  const run = writeRun("large", [start, finished]),
    map = await readMap(disk.at(join(root, "data/ribosome-70s-65.mrc")), { pixelSizeAngstrom: 5 }),
    edge = Number(values.edge);
  await writeMap(disk.at(join(run, "map.mrc")), resample(map, edge, (65 * 5) / edge));
  const context = await of.newContext({ viewport: { width: 1280, height: 900 } });
  await context.addInitScript("globalThis.__name = (made) => made"); // what the TypeScript loader puts in
  await context.addInitScript(() => {
    const all = { draws: [] as [number, number][] };
    Object.assign(window, { drawn: all });
    const { drawElementsInstanced, drawArraysInstanced } = WebGL2RenderingContext.prototype;
    WebGL2RenderingContext.prototype.drawElementsInstanced = function (mode, count, ...rest) {
      all.draws.push([performance.now(), count]);
      drawElementsInstanced.call(this, mode, count, ...rest);
    };
    WebGL2RenderingContext.prototype.drawArraysInstanced = function (mode, first, count, instances) {
      all.draws.push([performance.now(), count]);
      drawArraysInstanced.call(this, mode, first, count, instances);
    };
  });
  const page = await context.newPage();
  await page.goto(`${address}#level=2`);
  const canvas = page.locator(".scene canvas");
  while (covered(await picture(canvas)) < 0.02) await page.waitForTimeout(200);
  await page.waitForTimeout(5000);
  const coarseMs: number[] = [],
    wholeMs: number[] = [];
  for (let i = 1; i <= 10; i++) {
    const [coarse, whole] = await page.evaluate(
      (level) =>
        new Promise<[number, number]>((resolve) => {
          const { draws } = (window as unknown as { drawn: { draws: [number, number][] } }).drawn,
            slider = document.querySelector<HTMLInputElement>('input[aria-label="Level"]')!,
            gl = document.querySelector<HTMLCanvasElement>(".scene canvas")!.getContext("webgl2")!,
            counts = new Set(draws.map(([, count]) => count)),
            begun = performance.now(),
            seen: number[] = [];
          const before = draws.length;
          let read = before;
          const look = () => {
            for (; read < draws.length; read++) {
              const [, count] = draws[read]!;
              if (counts.has(count)) continue;
              counts.add(count);
              gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); // waits for what was drawn
              seen.push(performance.now() - begun);
            }
            if (seen.length > 1 || performance.now() - begun > 8000) resolve([seen[0] ?? NaN, seen[1] ?? NaN]);
            else requestAnimationFrame(look);
          };
          slider.value = String(level);
          slider.dispatchEvent(new Event("input", { bubbles: true }));
          requestAnimationFrame(look);
        }),
      2 + 0.1 * i,
    );
    coarseMs.push(Math.round(coarse));
    wholeMs.push(Math.round(whole));
    await page.waitForTimeout(1000);
  }
  await context.close();
  return { coarseMs, wholeMs };
}

/** From a click on a run of so many events, most of them progress of adversarial stages, until its charts are there. */
async function opening(of: Browser): Promise<{ ms: number[]; ofHundredMs: number[] }> {
  const count = Number(values.events),
    stages = 50;
  const events = Array.from({ length: count }, (_, i): RunEvent => {
    const stage = Math.floor((stages * i) / count) + 1,
      iteration = 1 + (i % (count / stages));
    if (iteration === 1)
      return {
        ...{ type: "stage", time, stage, stages, kind: "adversarial", boxSize: 24, resolutionAngstrom: 20 },
        iterations: count / stages,
      };
    return {
      ...{ type: "progress", time, stage, iteration, iterations: count / stages, elapsedSeconds: i },
      ...{ remainingSeconds: count - i, criticLoss: 1 + 1 / iteration, volumeLoss: 1 - 1 / iteration },
      ...{ realLogit: 1, fakeLogit: -1, gradientPenalty: 0.1, signalAmplitude: 1 },
    };
  });
  writeRun("short-run", [start, ...events.slice(0, 100), finished]);
  writeRun("long-run", [start, ...events, finished]);
  const { page } = await visit(of, address),
    open = async (run: string): Promise<number> => {
      const begun = performance.now();
      await page.getByRole("button", { name: new RegExp(`^${run}`) }).click();
      await page.locator(".run-header h2", { hasText: run }).waitFor();
      await page.locator("figure.chart canvas").first().waitFor();
      return Math.round(performance.now() - begun);
    };
  const ms: number[] = [],
    ofHundredMs: number[] = [];
  for (let i = 0; i < 5; i++) {
    ofHundredMs.push(await open("short-run"));
    await page.waitForTimeout(1000);
    ms.push(await open("long-run"));
    await page.waitForTimeout(1000);
  }
  await page.context().close();
  return { ms, ofHundredMs };
}

/**
 * From the start of the program, on the data of `npm run demo`, until its density is seen on the page; and until its
 * event was written.
 */
async function firstDensity(of: Browser): Promise<{ seconds: number; written: number }> {
  const data = join(folder, "data");
  const simulate = [
    ...["simulate", join(root, "data/5a1a.cif.gz"), "--out", data, "--particles", values.particles, "--box", "64"],
    ...["--pixel-size", "3.8", "--snr", "0.1", "--symmetric-frame", "--float16"],
  ];
  execFileSync(process.execPath, [program, ...simulate], { stdio: "ignore" });
  const context = await of.newContext({ viewport: { width: 1280, height: 900 } });
  await context.addInitScript("globalThis.__name = (made) => made"); // what the TypeScript loader puts in
  await context.addInitScript(noteSurface);
  const page = await context.newPage();
  await page.goto(address);
  const begun = Date.now(),
    since = (time: number): number => Number(((time - begun) / 1000).toFixed(1));
  const run = spawn(
    process.execPath,
    [
      ...[
        program,
        "reconstruct",
        join(data, "particles.star"),
        "--out",
        join(runs, "first density"),
        "--symmetry",
        "D2",
      ],
      ...["--max-shift", "0", "--time-limit", "150s", "--threads", values.threads],
    ],
    { stdio: "ignore" },
  );
  await page.getByRole("button", { name: /^first density/ }).click();
  const drawn = await page.waitForFunction(() => (window as { surfaceDrawn?: number }).surfaceDrawn, null, {
      timeout: 0,
    }),
    seconds = since(Number(await drawn.jsonValue()));
  while (covered(await picture(page.locator(".scene canvas"))) < 0.02) await page.waitForTimeout(50); // it is the map
  run.kill("SIGKILL");
  await context.close();
  const [event] = readFileSync(join(runs, "first density", "events.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line.includes('"density"'));
  return { seconds, written: since(Date.parse((JSON.parse(event!) as RunEvent).time)) };
}

/** In the page: when the surface of a density was on the canvas, as `surfaceDrawn`. What else is drawn is small. */
function noteSurface(): void {
  const note = (gl: WebGL2RenderingContext, count: number): void => {
    const caption = document.querySelector("figcaption")?.textContent ?? ""; // another run may be shown before
    if (count < 300 || "surfaceDrawn" in window || !caption.startsWith("density")) return;
    Object.assign(window, { surfaceDrawn: undefined });
    requestAnimationFrame(() => {
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); // waits for what was drawn
      Object.assign(window, { surfaceDrawn: Date.now() });
    });
  };
  const { drawElementsInstanced, drawArraysInstanced } = WebGL2RenderingContext.prototype;
  WebGL2RenderingContext.prototype.drawElementsInstanced = function (mode, count, ...rest) {
    drawElementsInstanced.call(this, mode, count, ...rest);
    note(this, count);
  };
  WebGL2RenderingContext.prototype.drawArraysInstanced = function (mode, first, count, instances) {
    drawArraysInstanced.call(this, mode, first, count, instances);
    note(this, count);
  };
}
