import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { disk } from "../../../src/io/disk.ts";
import { readMap } from "../../../src/io/mrc.ts";
import { isPassing, parseEvents } from "../../../src/reconstruct/folder/eventLines.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import { parseReconstructOptions } from "../../../src/reconstruct/optionSchema.ts";
import { type Inspection, inspectParticles } from "../../../src/reconstruct/run/inspection.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { simulateDemo } from "../../../src/web/browser/demo.ts";
import type { RunForm, RunSummary } from "../../../src/web/live/source.ts";
import { temporaryFolder } from "../../io/helpers.ts";
import { relativeDifference } from "../../reconstruct/likeness.ts";
import { drop, openBrowser, openPage, servePage } from "./browser.ts";

const folder = temporaryFolder();
const short = {
  particlesFile: "particles.star",
  particles: "500",
  maxShift: "0",
  stages: "adversarial 8:15, refine 8:1",
  device: "cpu",
} satisfies RunForm;
let server: Awaited<ReturnType<typeof servePage>>;

beforeAll(async () => {
  await simulateDemo(disk, disk.at(join(import.meta.dirname, "../../../data/ribosome-70s-65.mrc")), folder, nodeCpu());
  // As RELION names stacks: from the project's folder.
  const whole = await readFile(join(folder, "particles.star"), "utf8"),
    few = firstRows(whole, 300), // enough to tell something of, in a fraction of the time
    asExtracted = (star: string): string => star.replaceAll("@particles.mrcs", "@Extract/job005/stack.mrcs");
  await mkdir(join(folder, "Extract/job005"), { recursive: true });
  await writeFile(join(folder, "dropped.star"), asExtracted(whole));
  await writeFile(join(folder, "few.star"), few);
  await writeFile(join(folder, "few-dropped.star"), asExtracted(few));
  await writeFile(join(folder, "stack.mrcs"), await readFile(join(folder, "particles.mrcs")));
  server = await servePage(folder);
});
afterAll(() => server.close());

/** The first particles of a STAR file. */
function firstRows(star: string, count: number): string {
  let rows = 0;
  return star
    .split("\n")
    .filter((line) => !line.includes("@") || rows++ < count)
    .join("\n");
}

/** Options like `form`, run by Node on the same particles. */
async function mapOfNode(form: RunForm, name: string): Promise<Float32Array> {
  const { maps } = await reconstruct(
    nodeHost,
    parseReconstructOptions({
      ...form,
      device: "cpu",
      particlesFile: join(folder, "particles.star"),
      out: join(folder, name),
    }),
  );
  return maps[0]!.data;
}

/** Waits for the end of a run. @returns all its events, as the page is told of them */
const ending = (page: Page, id: string): Promise<RunEvent[]> =>
  page.evaluate(
    (run) =>
      new Promise<RunEvent[]>((resolve) => {
        const all: RunEvent[] = [];
        const stop = source.follow(
          run,
          (events, anew) => {
            if (anew) all.length = 0;
            all.push(...events);
            if (!["finished", "stopped", "failed"].includes(all.at(-1)?.type ?? "")) return;
            stop();
            resolve(all);
          },
          () => {},
        );
      }),
    id,
  );

/** Waits until a run has done so many iterations. */
const progress = (page: Page, id: string, iterations: number): Promise<void> =>
  page.evaluate(
    ([run, least]) =>
      new Promise<void>((resolve) => {
        const end = source.follow(
          run,
          (events) => {
            if (!events.some((event) => event.type === "progress" && event.iteration >= least)) return;
            end();
            resolve();
          },
          () => {},
        );
      }),
    [id, iterations] as const,
  );

const summaries = (page: Page): Promise<RunSummary[]> => page.evaluate(() => source.list());
/** What a form is refused with. */
const refusal = (page: Page, form: RunForm): Promise<Record<string, string>> =>
  page.evaluate(
    (given) =>
      source.start(given).then(
        () => ({}),
        (error: { fields: Record<string, string> }) => error.fields,
      ),
    form,
  );

/** A file of the run folder, saved beside the others. */
async function save(page: Page, id: string, name: string): Promise<string> {
  const values = await page.evaluate(
    async ([run, file]) => Array.from(new Uint8Array((await source.file(run!, file!))!)),
    [id, name],
  );
  const path = join(folder, `${id}-${name}`);
  await writeFile(path, Uint8Array.from(values));
  return path;
}

describe("in WebAssembly", () => {
  let browser: BrowserContext, page: Page;
  beforeAll(async () => {
    browser = await openBrowser(false);
    page = await openPage(browser, server.address);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true); // threads
  });
  afterAll(() => browser.close());

  test("a stack that is missing, or stands for two, is named before anything is computed", async () => {
    expect(await refusal(page, { ...short, particlesFile: "dropped.star", out: "a" })).toEqual({
      particlesFile: "dropped.star is not here; drop it on the page",
    });
    await drop(page, ["dropped.star"]);
    const missing = new RegExp(
      String.raw`^dropped\.star: row 1 \(line \d+\) names /Extract/job005/stack\.mrcs, ` +
        String.raw`which is not here; drop stack\.mrcs on the page, too$`,
    );
    expect(await refusal(page, { ...short, particlesFile: "dropped.star", out: "a" })).toEqual({
      particlesFile: expect.stringMatching(missing),
    });

    const star = await readFile(join(folder, "dropped.star"), "utf8");
    await writeFile(join(folder, "two.star"), star.replace("000009@Extract/job005/", "000009@Extract/job006/"));
    await drop(page, ["two.star", "stack.mrcs"]);
    const shared = new RegExp(
      String.raw`^two\.star: row 9 \(line \d+\) names /Extract/job006/stack\.mrcs, but the only stack\.mrcs here ` +
        String.raw`stands for /Extract/job005/stack\.mrcs; drop the folders`,
    );
    expect(await refusal(page, { ...short, particlesFile: "two.star", out: "a" })).toEqual({
      particlesFile: expect.stringMatching(shared),
    });
    expect(await summaries(page)).toEqual([]);
  });

  test("what the dropped particles hold is told before a run, as Node tells it", async () => {
    await drop(page, ["few-dropped.star", "stack.mrcs"]);
    const told = await page.evaluate(() => source.inspect!({ particlesFile: "few-dropped.star" }));
    const { summary, thumbnails, spectra } = await inspectParticles(
      disk,
      { particlesFile: join(folder, "few.star") },
      async () => nodeCpu(),
    );
    expect(told).toMatchObject({ summary: { particles: summary.particles, boxSize: summary.boxSize }, thumbnails });
    const { noise, signal } = (told as Inspection).spectra!;
    expect(relativeDifference(Float32Array.from(noise), Float32Array.from(spectra!.noise))).toBeLessThan(0.01);
    expect(relativeDifference(Float32Array.from(signal), Float32Array.from(spectra!.signal))).toBeLessThan(0.01);
    const problems = page.evaluate(() =>
      source.inspect!({ particlesFile: "none.star" }).catch((error: { fields: unknown }) => error.fields),
    );
    expect(await problems).toEqual({ particlesFile: "none.star is not here; drop it on the page" });
  });

  test("options that are wrong are refused one by one, as on the command line", async () => {
    expect(await refusal(page, { ...short, out: "a", symmetry: "Q", resolution: "-1" })).toEqual({
      symmetry: 'expected a point group such as C1, C4, D2, T, O or I, got "Q"',
      resolution: 'expected a number above 0, at most 1000 in Å, got "-1"',
    });
    expect(await refusal(page, { ...short, out: ".." })).toHaveProperty("out");
    expect(await refusal(page, { ...short, out: "x", particlesFile: "dropped.star", device: "cuda" })).toEqual({
      "": "device 'cuda' does not work here: a browser has no such provider; use --device cpu or auto",
    });
  });

  test("stopped, the page closed, and gone on with: the map that one go makes", async () => {
    const form = { ...short, particlesFile: "dropped.star", out: "Extract / first try" };
    const id = await page.evaluate((given) => source.start(given), form);
    await progress(page, id, 3);
    // Files are read and states told while it computes.
    expect(await summaries(page)).toMatchObject([{ id, name: "Extract / first try", state: "running" }]);
    expect(
      await page.evaluate((run) => source.file(run, "spectra.json").then((content) => content!.byteLength), id),
    ).toBeGreaterThan(100);
    await page.evaluate((run) => source.stop(run), id);
    expect(id).toBe("Extract-first-try");
    expect((await summaries(page)).find((run) => run.id === id)).toMatchObject({
      state: "stopped",
      name: "Extract / first try",
    });
    await page.close();

    page = await openPage(browser, server.address);
    expect((await summaries(page)).map(({ id: run, state }) => [run, state])).toEqual([[id, "stopped"]]);
    // The page may not keep the visitor's own files.
    const refused = await page.evaluate(
      (run) =>
        source.resume(run).then(
          () => "",
          (error: Error) => error.message,
        ),
      id,
    );
    expect(refused).toContain("dropped.star is not here; drop it on the page");
    const asked = await page.evaluate(
      (run) =>
        source.resume(run, { timeLimit: "1h", symmetry: "D2" }).then(
          () => ({}),
          (error: Error & { fields?: unknown }) => error.fields,
        ),
      id,
    );
    expect(asked).toEqual({
      timeLimit: "cannot be combined with --stages, which set the work themselves",
      symmetry: "stays what the run began with",
    });
    await drop(page, ["dropped.star", "stack.mrcs"]);
    await page.evaluate((run) => source.resume(run), id);
    const events = await ending(page, id);
    expect(
      events.filter(({ type }) => ["start", "stopped", "finished"].includes(type)).map(({ type }) => type),
    ).toEqual(["start", "stopped", "start", "finished"]);
    // All of them but progress that came within a second.
    const told = ({ type, time }: RunEvent): string => `${time} ${type}`,
      lines = parseEvents(await readFile(await save(page, id, "events.jsonl"), "utf8")).map(told),
      written = new Set(lines);
    expect(events.map(told).filter((line) => written.has(line))).toEqual(lines);
    expect(events.filter((event) => !isPassing(event) && !written.has(told(event)))).toEqual([]);
    const iterations = events.flatMap((event) => (event.type === "progress" ? [event.iteration] : []));
    expect(iterations.filter((iteration) => iteration === 1).length).toBe(2); // the first of each stage, none anew
    expect(
      relativeDifference(
        (await readMap(disk.at(await save(page, id, "map.mrc")))).data,
        await mapOfNode(short, "short"),
      ),
    ).toBeLessThan(0.01);
  });
});

describe("in WebGPU, by Chromium's software adapter", () => {
  test("the map is that of Node", async () => {
    const browser = await openBrowser(true);
    try {
      const page = await openPage(browser, server.address);
      await drop(page, ["dropped.star", "stack.mrcs"]);
      // shaders are slow without a GPU
      const form = { ...short, particles: "128", stages: "adversarial 8:2, refine 8:1" };
      const id = await page.evaluate((given) => source.start(given), {
        ...form,
        particlesFile: "dropped.star",
        out: "gpu",
        device: "webgpu",
      });
      const events = await ending(page, id);
      expect(events.at(-1)).toMatchObject({ type: "finished" });
      expect(events[0]).toMatchObject({ type: "start", device: "webgpu: as asked" });
      expect(
        relativeDifference(
          (await readMap(disk.at(await save(page, id, "map.mrc")))).data,
          await mapOfNode(form, "node for gpu"),
        ),
      ).toBeLessThan(0.02);
    } finally {
      await browser.close();
    }
  });
});
