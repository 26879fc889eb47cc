/** The tab of motion, of recorded runs of a molecule with a hinge. */
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { disk } from "../../../src/io/disk.ts";
import { readParticles } from "../../../src/io/particles.ts";
import type { MotionResult } from "../../../src/reconstruct/folder/events.ts";
import { temporaryFolder } from "../../io/helpers.ts";
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

/** z and image of each particle of a STAR file, by its lines. */
function rowsOf(text: string): { image: string; z: number[]; line: string }[] {
  const labels = [...text.matchAll(/^_(\S+) #/gm)].map(([, label]) => label!),
    first = labels.indexOf("rlnImageName");
  const columns = labels.flatMap((label, i) => (/^cryoganMotion\d$/.test(label) ? [i - first] : []));
  return text
    .split("\n")
    .filter((line) => line.includes("@"))
    .map((line) => {
      const values = line.split(" ");
      return { image: values[0]!, z: columns.map((column) => Number(values[column])), line };
    });
}

export function motionTests(site: () => RunSite, browser: () => Browser): void {
  const address = (run: string) => `${site().address}#run=${site().id(run)}&tab=motion`;
  const motionOf = async (run: string) => (await site().json<{ motion: MotionResult }>(run, "result.json")).motion;
  const scene = (page: Page) => page.locator("section.motion .scene canvas");
  const caption = (page: Page) => page.locator("section.motion figcaption").innerText();
  const isDrawn = (page: Page) => eventually(async () => covered(await picture(scene(page)))).toBeGreaterThan(0.02);
  const along = (page: Page) => page.getByRole("slider", { name: "Along the motion" });
  const told = (page: Page) => page.locator("section.places .controls [role=status]");
  /** Drags over the plot, by shares of what is drawn between its axes. */
  const drag = async (page: Page, [x0, y0]: [number, number], [x1, y1]: [number, number]) => {
    const axis = page.locator(".spread .axis");
    await axis.scrollIntoViewIfNeeded();
    const { x, y, width, height } = (await axis.boundingBox())!;
    await page.mouse.move(x + x0 * width, y + (1 - y0) * height);
    await page.mouse.down();
    await page.mouse.move(x + 0.5 * (x0 + x1) * width, y + (1 - 0.5 * (y0 + y1)) * height);
    await page.mouse.move(x + x1 * width, y + (1 - y1) * height);
    await page.mouse.up();
  };
  const download = async (page: Page) => {
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download STAR file" }).click(),
    ]);
    const path = `${temporaryFolder()}/${file.suggestedFilename()}`;
    await file.saveAs(path);
    return path;
  };
  const field = (page: Page, component: number, end: "from" | "to") =>
    page.getByRole("spinbutton", { name: `z along component ${component}, ${end}` });
  /** With particles chosen. */
  const expectAccessible = async (page: Page, colorScheme: "light" | "dark", width: number) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 844 });
    await field(page, 1, "from").fill("0");
    await page.keyboard.press("Enter");
    await eventually(() => told(page).innerText()).toMatch(/chosen \(/);
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  };

  describe("along one component", () => {
    let page: Page, complaints: Visit["complaints"], motion: MotionResult;
    beforeAll(async () => {
      motion = await motionOf("hinge");
      ({ page, complaints } = await visit(browser(), address("hinge"), { reducedMotion: "reduce" }));
    });
    afterAll(async () => {
      await page.context().close();
      expect(complaints).toEqual([]);
    });

    test("the table tells of each map its place, its particles and how far its halves agree", async () => {
      await isDrawn(page);
      const rows = page.locator("table.series tbody tr"),
        { series } = motion.components[0]!;
      expect(await rows.count()).toBe(series.length);
      for (const [i, { map, z, share, resolutionAngstrom }] of series.entries()) {
        const [name, place, particles, resolution] = (await rows.nth(i).innerText()).split("\t");
        expect([name, place]).toEqual([map, z.toFixed(2)]);
        expect(particles).toBe(`${(100 * share).toFixed(1)} % · ${Math.round(1488 * share)}`);
        expect(Number.parseFloat(resolution!)).toBeCloseTo(resolutionAngstrom!, 0);
      }
    });

    test("the slider goes from map to map, and the table with it", async () => {
      const first = await settledPicture(scene(page));
      await along(page).fill("6");
      expect(await caption(page)).toBe(`motion1_07.mrc: z = ${motion.components[0]!.series[6]!.z.toFixed(2)}`);
      await eventually(async () => difference(await picture(scene(page)), first)).toBeGreaterThan(1);
      expect(await page.locator("table.series [aria-current]").innerText()).toMatch(/^motion1_07\.mrc/);
      await along(page).fill("0");
      await eventually(async () => difference(await picture(scene(page)), first)).toBe(0);
    });

    test("nothing moves until Play is pressed; then there and back, until Pause", async () => {
      const still = await settledPicture(scene(page));
      await page.getByRole("button", { name: "Play" }).click();
      await eventually(async () => difference(await picture(scene(page)), still)).toBeGreaterThan(1);
      for (const place of ["6", "1", "5"]) await eventually(() => along(page).inputValue()).toBe(place);
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByRole("button", { name: "Play" }).waitFor();
      const at = await along(page).inputValue();
      await settledPicture(scene(page));
      expect(await along(page).inputValue()).toBe(at);
      expect(await page.getByRole("button", { name: "Play" }).getAttribute("aria-pressed")).toBe("false");
    });

    test("particles chosen by a drag over the histogram are kept as a STAR file that the readers take", async () => {
      await keepScreenshot(page, "motion");
      expect(await told(page).innerText()).toBe("1,488 particles, none chosen");
      expect(await page.getByRole("button", { name: "Download STAR file" }).isDisabled()).toBe(true);
      await drag(page, [0.25, 0.3], [0.5, 0.8]);
      const all = rowsOf(await readFile(site().path("hinge", "particles.star"), "utf8"));
      const [low, high] = [Math.min(...all.map(({ z }) => z[0]!)), Math.max(...all.map(({ z }) => z[0]!))];
      const [from, to] = await Promise.all(
        (["from", "to"] as const).map(async (end) => Number(await field(page, 1, end).inputValue())),
      );
      expect(from! / (low + 0.25 * (high - low))).toBeCloseTo(1, 1);
      expect(to! - (low + 0.5 * (high - low))).toBeCloseTo(0, 1);

      const path = await download(page),
        text = await readFile(path, "utf8"),
        kept = rowsOf(text);
      expect(path).toMatch(/\/motion1_-\d\.\d\d_to_-?\d\.\d\d\.star$/);
      // Fields show two digits: particles within a hundredth of an end may be on either side.
      const inside = (margin: number) => all.filter(({ z }) => z[0]! > from! + margin && z[0]! < to! - margin);
      const lines = new Set(kept.map(({ line }) => line));
      expect(inside(0.01).filter(({ line }) => !lines.has(line))).toEqual([]);
      const near = new Set(inside(-0.01).map(({ line }) => line));
      expect(kept.filter(({ line }) => !near.has(line))).toEqual([]);
      expect(await told(page).innerText()).toMatch(
        new RegExp(`^${kept.length.toLocaleString("en-US")} of 1,488 particles chosen`),
      );
      const set = await readParticles(disk, path);
      expect([set.count, set.boxSize, set.pixelSizeAngstrom]).toEqual([kept.length, 32, 7.6]);
      expect(set.poses).toBeDefined();
      await page.getByRole("button", { name: "Clear" }).click();
      expect(await told(page).innerText()).toBe("1,488 particles, none chosen");
    });

    test("or by their numbers, with the keyboard", async () => {
      const all = rowsOf(await readFile(site().path("hinge", "particles.star"), "utf8"));
      await field(page, 1, "from").fill("0.25");
      await field(page, 1, "to").fill("1");
      await page.keyboard.press("Enter");
      const wanted = all.filter(({ z }) => z[0]! >= 0.25 && z[0]! <= 1);
      await eventually(() => told(page).innerText()).toMatch(new RegExp(`^${wanted.length} of 1,488 `));
      const kept = rowsOf(await readFile(await download(page), "utf8"));
      expect(kept.map(({ line }) => line)).toEqual(wanted.map(({ line }) => line));
    });

    test("nothing stands against the accessibility rules, light, 1280 px", () => expectAccessible(page, "light", 1280));
  });

  describe("along two components", () => {
    let page: Page, complaints: Visit["complaints"];
    beforeAll(async () => {
      ({ page, complaints } = await visit(browser(), address("hinge-2")));
    });
    afterAll(async () => {
      await page.context().close();
      expect(complaints).toEqual([]);
    });

    test("the second is shown when asked for, and a box of both is chosen", async () => {
      await isDrawn(page);
      const { components } = await motionOf("hinge-2");
      await page.getByRole("combobox", { name: "Component" }).selectOption("2");
      await eventually(() => caption(page)).toBe(`motion2_01.mrc: z = ${components[1]!.series[0]!.z.toFixed(2)}`);
      await isDrawn(page);
      // Coloured where particles are.
      expect(
        await page
          .locator(".spread canvas")
          .evaluate(
            (canvas: HTMLCanvasElement) =>
              new Set(
                new Uint32Array(canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data.buffer),
              ).size,
          ),
      ).toBeGreaterThan(5);
      await drag(page, [0.2, 0.4], [0.6, 0.9]);
      await keepScreenshot(page, "motion-2");
      const kept = rowsOf(await readFile(await download(page), "utf8")),
        all = rowsOf(await readFile(site().path("hinge-2", "particles.star"), "utf8"));
      const extent = [0, 1].map((j) => {
        const z = all.map((row) => row.z[j]!),
          [low, high] = [Math.min(...z), Math.max(...z)];
        return (share: number) => low + share * (high - low);
      });
      const inside = (margin: number) =>
        all.filter(
          ({ z }) =>
            z[0]! > extent[0]!(0.2 + margin) &&
            z[0]! < extent[0]!(0.6 - margin) &&
            z[1]! > extent[1]!(0.4 + margin) &&
            z[1]! < extent[1]!(0.9 - margin),
        );
      // To a pixel or two of what was dragged over.
      const lines = new Set(kept.map(({ line }) => line)),
        near = new Set(inside(-0.01).map(({ line }) => line));
      expect(inside(0.01).length).toBeGreaterThan(200);
      expect(inside(0.01).filter(({ line }) => !lines.has(line))).toEqual([]);
      expect(kept.filter(({ line }) => !near.has(line))).toEqual([]);
    });

    test("nothing stands against the accessibility rules, dark, 390 px", () => expectAccessible(page, "dark", 390));
  });
}
