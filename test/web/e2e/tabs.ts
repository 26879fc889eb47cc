/** What the tabs tell of a run, against the files of its folder. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FscResult } from "../../../src/evaluate/fsc.ts";
import type { RunEvent, RunExamples } from "../../../src/reconstruct/folder/events.ts";
import type { RunDirections, RunTemplates } from "../../../src/reconstruct/stage.ts";
import { verdictText } from "../../../src/reconstruct/verdict/verdict.ts";
import { stateWords } from "../../../src/web/page/run/words.ts";
import type { Site } from "./site.ts";
import { eventually, keepScreenshot, type Visit, visit } from "./visit.ts";

const numbers = (text: string): number[] => (text.match(/-?\d+(\.\d+)?/g) ?? []).map(Number);

/** Pearson's. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)],
    sum = (term: (i: number) => number) => a.reduce((total, _, i) => total + term(i), 0);
  return (
    sum((i) => (a[i]! - ma) * (b[i]! - mb)) / Math.sqrt(sum((i) => (a[i]! - ma) ** 2) * sum((i) => (b[i]! - mb) ** 2))
  );
}

export function tabTests(site: () => Site, browser: () => Browser): void {
  let page: Page, complaints: Visit["complaints"], events: RunEvent[];
  const open = (name: string) => page.getByRole("tab", { name }).click();
  const panel = () => page.getByRole("tabpanel");
  /** Red of the pixels that were drawn. */
  const drawn = (i: number) =>
    panel()
      .locator("canvas.pixels")
      .nth(i)
      .evaluate((canvas: HTMLCanvasElement) =>
        Array.from(
          canvas
            .getContext("2d")!
            .getImageData(0, 0, canvas.width, canvas.height)
            .data.filter((_, j) => j % 4 === 0),
        ),
      );

  beforeAll(async () => {
    events = await site().events("halves");
    ({ page, complaints } = await visit(browser(), `${site().address}#run=${site().id("halves")}`));
  });
  afterAll(async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  /** The word of a run's verdict. */
  const ended = async (run: string) =>
    stateWords[(await site().events(run)).findLast((event) => event.type === "finished")!.verdict!.kind];

  test("the list names every run and its state", async () => {
    const list = page.getByRole("navigation", { name: "Runs" }).getByRole("listitem");
    await eventually(() => list.count()).toBe(4);
    const rows = (await list.allInnerTexts()).map((text) =>
      text
        .split("\n")
        .slice(0, 2)
        .map((part) => part.trim()),
    );
    expect(rows).toEqual([
      ["halves", await ended("halves")],
      ["whole-set", await ended("whole-set")],
      ["broken", "failed"],
      ["halted", "stopped"],
    ]);
  });

  test("the header tells what it is of, and how it went", async () => {
    const header = page.locator(".run-header");
    await eventually(() => header.locator(".facts").innerText()).toMatch(
      /^300 particles in each half · 24 px, 6 Å per pixel · symmetry C1 · CryoGAN, refined by likelihood · log-/,
    );
    expect(await header.getByRole("heading").innerText()).toBe("halves");
    expect(await header.locator(".state").innerText()).toBe(await ended("halves"));
    expect(await header.getByRole("progressbar").getAttribute("value")).toBe("100");
    const finished = events.findLast((event) => event.type === "finished")!;
    expect(finished.finestAngstrom).toBeCloseTo(14.4, 6); // 144 Å / 10 shells
    expect(finished.resolutionAngstrom).toBeGreaterThanOrEqual(finished.finestAngstrom);
    expect(await header.locator(".verdict").innerText()).toBe(
      `${verdictText(finished.verdict!)}: ${finished.verdict!.reason}`,
    );
    const now = await header.locator(".now").innerText();
    expect(numbers(now)[0]).toBeCloseTo(finished.resolutionAngstrom!, 0);
    expect(now).toMatch(finished.resolutionOrBetter ? /or better: the run ended there/ : /worked to 14\.4 Å$/);
  });

  test("why a run failed is told", async () => {
    await page.getByRole("button", { name: /^broken/ }).click();
    await eventually(() => page.locator(".run-header .now").innerText()).toBe("particles.mrcs is cut off");
    await page.getByRole("button", { name: /^halves/ }).click();
    await eventually(() => page.locator(".run-header .state").innerText()).toBe(await ended("halves"));
  });

  test("curves end where the run's numbers end", async () => {
    await eventually(() => panel().locator("figure.chart").count()).toBeGreaterThanOrEqual(5);
    const label = async (title: string) =>
      (await panel().locator("figure.chart", { hasText: title }).getByRole("img").getAttribute("aria-label"))!;
    const fsc = await site().json<FscResult>("halves", "fsc.json");
    const note = await panel()
      .locator("figure.chart", { hasText: "Fourier shell correlation" })
      .locator(".note")
      .innerText();
    expect(Number(/([\d.]+) Å[^Å]*$/.exec(note)![1])).toBeCloseTo(fsc.resolution0143Angstrom!, 0);
    const last = (half: 1 | 2) =>
      events.findLast(
        (event) => event.type === "progress" && event.half === half && event.logLikelihood !== undefined,
      ) as { logLikelihood: number };
    const ends = numbers((await label("Log-likelihood")).replace(/half \d/g, ""));
    expect(ends).toHaveLength(2);
    expect(ends[0]).toBeCloseTo(last(1).logLikelihood, -1);
    expect(ends[1]).toBeCloseTo(last(2).logLikelihood, -1);
    // Each is drawn: some pixels are not transparent.
    await eventually(async () =>
      Math.min(
        ...(await panel()
          .locator("figure.chart canvas")
          .evaluateAll((all) =>
            all.map(
              (canvas) =>
                (canvas as HTMLCanvasElement)
                  .getContext("2d")!
                  .getImageData(0, 0, (canvas as HTMLCanvasElement).width, (canvas as HTMLCanvasElement).height)
                  .data.filter((value, i) => i % 4 === 3 && value > 0).length,
            ),
          )),
      ),
    ).toBeGreaterThan(500);
  });

  test("particles and templates are those of the files", async () => {
    await open("Particles");
    const { real, simulated, projections } = await site().json<RunExamples>("halves", "examples.json");
    const templates = (await site().json<RunTemplates>("halves", "templates.json")).images;
    const images = [...real, ...simulated, ...projections, ...templates];
    await eventually(() => panel().locator("canvas.pixels").count()).toBe(images.length);
    for (const i of [0, real.length, real.length + simulated.length, images.length - 1])
      await eventually(async () => correlation(await drawn(i), images[i]!)).toBeGreaterThan(0.95);
    await keepScreenshot(page, "particles");
  });

  test("views tell how even they are", async () => {
    await open("Views");
    const { share } = await site().json<RunDirections>("halves", "directions.json");
    await eventually(() => panel().locator("p").first().innerText()).toMatch(/^The commonest view has/);
    const [largest] = numbers(await panel().locator("p").first().innerText());
    // Cells have about the same solid angle.
    expect(largest! / (Math.max(...share) * share.length)).toBeGreaterThan(0.7);
    expect(largest! / (Math.max(...share) * share.length)).toBeLessThan(1.4);
    await eventually(() =>
      panel()
        .locator(".disc canvas")
        .evaluate(
          (canvas: HTMLCanvasElement) =>
            new Set(
              new Uint32Array(canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data.buffer),
            ).size,
        ),
    ).toBeGreaterThan(10);
    await keepScreenshot(page, "views");
  });

  test("the configuration is that of config.json", async () => {
    await open("Configuration");
    await eventually(() => panel().getByRole("row").count()).toBeGreaterThan(10);
    const rows = new Map(
      (await panel().getByRole("row").allInnerTexts()).map((row) => row.split("\t") as [string, string]),
    );
    const config = await site().json<Record<string, unknown>>("halves", "config.json");
    const simple = (values: object) => Object.entries(values).filter(([, value]) => typeof value !== "object");
    const asked = simple(config),
      used = simple(config.used as object).map(([name, value]): [string, unknown] => [`used.${name}`, value]);
    expect(asked.map(([name]) => name)).toEqual(expect.arrayContaining(["particlesFile", "symmetry", "halfMaps"]));
    expect(used.map(([name]) => name)).toEqual(expect.arrayContaining(["used.particles", "used.maskRadius"]));
    for (const [name, value] of [...asked, ...used]) expect([name, rows.get(name)]).toEqual([name, String(value)]);
  });

  test("the log tells every step once, and finds words", async () => {
    await open("Log");
    const lines = panel().locator(".log li");
    const count = (type: RunEvent["type"]) => events.filter((event) => event.type === type).length;
    await eventually(() => lines.filter({ hasText: /stage \d of/ }).count()).toBe(count("stage"));
    expect(await lines.first().innerText()).toContain("Finished");
    expect(await lines.filter({ hasText: "map written" }).count()).toBe(0);
    await panel().getByRole("combobox", { name: "Show" }).selectOption("everything");
    await eventually(() => lines.filter({ hasText: "map written" }).count()).toBe(count("map"));
    expect(await lines.filter({ hasText: "checkpoint" }).count()).toBe(count("checkpoint"));
    await panel().getByRole("searchbox", { name: "Find" }).fill("half1.mrc");
    await eventually(() => lines.count()).toBe(
      events.filter((event) => event.type === "map" && event.path === "half1.mrc").length,
    );
    await panel().getByRole("combobox", { name: "Show" }).selectOption("warnings only");
    await panel().getByRole("searchbox", { name: "Find" }).fill("");
    await eventually(() => panel().locator(".empty").innerText()).toBe("No warnings.");
  });
}
