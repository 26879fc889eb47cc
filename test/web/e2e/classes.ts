/** The tab of classes, of a recorded run of two molecules. */
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contrastRange } from "../../../src/io/grayImage.ts";
import type { RunClasses } from "../../../src/reconstruct/stage.ts";
import { violations } from "./axe.ts";
import type { RunSite } from "./site.ts";
import {
  covered,
  difference,
  eventually,
  keepScreenshot,
  picture,
  settledPicture,
  type Visit,
  visit,
} from "./visit.ts";

export function classesTests(site: () => RunSite, browser: () => Browser): void {
  let page: Page, complaints: Visit["complaints"], shown: RunClasses;
  const address = () => `${site().address}#run=${site().id("molecules")}&tab=classes`;
  const panel = () => page.getByRole("tabpanel");
  const card = (name: string) => panel().locator("button.class", { hasText: name });
  const canvas = () => page.locator(".scene canvas").first();
  const particlesOf = (number: number) =>
    page
      .getByRole("region", { name: `class ${number}` })
      .locator(".row")
      .first()
      .locator("canvas");
  /** Red of each pixel of an image, from 0 to 1. */
  const drawn = (i: number, number: number) =>
    particlesOf(number)
      .nth(i)
      .evaluate((element: HTMLCanvasElement) =>
        Array.from(element.getContext("2d")!.getImageData(0, 0, element.width, element.height).data)
          .filter((_, j) => j % 4 === 0)
          .map((red) => red / 255),
      );
  /** What classes.json has of it, in the grey that all images of the class share. */
  const wanted = (i: number, number: number) => {
    const { boxSize: width, classes } = shown,
      { particles } = classes.find((each) => each.number === number)!,
      [low, high] = contrastRange(particles.map((pixels) => ({ width, height: width, pixels })));
    return particles[i]!.map((value) => Math.min(1, Math.max(0, (value - low) / (high - low))));
  };
  const expectParticles = async (number: number) => {
    await eventually(() => particlesOf(number).count()).toBe(6);
    for (const i of [0, 5]) {
      const [seen, meant] = [await drawn(i, number), wanted(i, number)];
      expect(seen).toHaveLength(meant.length);
      expect(Math.max(...seen.map((value, j) => Math.abs(value - meant[j]!)))).toBeLessThan(0.01);
    }
  };

  beforeAll(async () => {
    shown = await site().json<RunClasses>("molecules", "classes.json");
    ({ page, complaints } = await visit(browser(), address()));
  });
  afterAll(async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("stand side by side with share, particles and resolution; the largest is chosen", async () => {
    await eventually(() => panel().locator("button.class").count()).toBe(2);
    expect(await card("class 1").innerText()).toMatch(/^class 1\s+60\.0 % · 900\s+24\.6 Å$/);
    expect(await card("class 2").innerText()).toMatch(/^class 2\s+40\.0 % · 600\s+22\.9 Å$/);
    expect(await card("class 1").getAttribute("aria-pressed")).toBe("true");
    await expectParticles(1);
    expect(await page.locator(".run-header .facts").innerText()).toContain("2 classes");
  });

  test("a click on one shows its particles, projections, directions and map", async () => {
    await eventually(async () => covered(await picture(canvas()))).toBeGreaterThan(0.02);
    const before = await settledPicture(canvas());
    await card("class 2").click();
    await expectParticles(2);
    expect(await card("class 2").getAttribute("aria-pressed")).toBe("true");
    expect(await card("class 1").getAttribute("aria-pressed")).toBe("false");
    const region = page.getByRole("region", { name: "class 2" });
    expect(await region.getByRole("img", { name: /^Projections of class 2/ }).count()).toBe(3);
    expect(await panel().getByRole("heading", { name: "Viewing directions of class 2" }).count()).toBe(1);
    await eventually(() => page.locator("figcaption").first().innerText()).toMatch(/^class 2, 32 px/);
    await eventually(async () => difference(await picture(canvas()), before)).toBeGreaterThan(1);
    expect(page.url()).toContain("map=class2");
    await keepScreenshot(page, "classes");
  });

  test("the particles of the class that is shown are downloaded as a STAR file", async () => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      panel().getByRole("button", { name: "Download the particles of class 2 (STAR)" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("class2.star");
    const rows = (text: string) => text.split("\n").filter((line) => line.includes("@")),
      all = await readFile(site().path("molecules", "particles.star"), "utf8"),
      labels = [...all.matchAll(/^_(\S+) #/gm)].map(([, label]) => label!),
      column = labels.indexOf("rlnClassNumber") - labels.indexOf("rlnImageName");
    const kept = rows(await readFile(await download.path(), "utf8"));
    expect(kept).toHaveLength(600);
    expect(kept).toEqual(rows(all).filter((line) => line.split(" ")[column] === "2"));
  });

  test("the course of the shares ends where the run's does", async () => {
    const label = async (title: string) =>
      (await panel().locator("figure.chart", { hasText: title }).getByRole("img").getAttribute("aria-label"))!;
    const last = (await site().events("molecules")).findLast((event) => event.type === "progress" && event.shares) as {
      shares: number[];
    };
    const ends = [...(await label("Shares of the classes")).matchAll(/class (\d) ends at ([\d.]+)/g)];
    expect(ends.map(([, number]) => number)).toEqual(["1", "2"]);
    ends.forEach(([, , share], i) => {
      expect(Number(share)).toBeCloseTo(last.shares[i]!, 2);
    });
    expect(await label("Correlation of halves of each class")).toMatch(/class 1 ends at .*; class 2 ends at /);
  });

  test.each([
    ["light", 1280],
    ["dark", 390],
  ] as const)("nothing stands against the accessibility rules, %s, %i px", async (colorScheme, width) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 844 });
    await eventually(() => panel().locator("figure.chart").count()).toBe(2);
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  });

  test("without a motion there is no tab of one", async () => {
    expect(await page.getByRole("tab", { name: "Classes" }).count()).toBe(1);
    expect(await page.getByRole("tab", { name: "Motion" }).count()).toBe(0);
  });
}
