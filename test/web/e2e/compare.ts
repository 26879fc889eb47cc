/** Two runs compared: one map aligned to the other and subtracted, every tab of both. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { disk } from "../../../src/io/disk.ts";
import { readMap } from "../../../src/io/mrc.ts";
import { violations } from "./axe.ts";
import type { Site } from "./site.ts";
import {
  covered,
  difference,
  eventually,
  keepScreenshot,
  picture,
  scrollToTop,
  settledPicture,
  share,
  type Visit,
  visit,
} from "./visit.ts";

const isBlue = (r: number, g: number, b: number) => b > 1.5 * r && b > 1.1 * g;
const isOrange = (r: number, g: number, b: number) => r > 1.5 * b && r > 1.15 * g;

export function compareTests(site: () => Site, browser: () => Browser): void {
  let page: Page, complaints: Visit["complaints"];
  const canvas = (i: number) => page.locator("section.map .scene canvas").nth(i),
    button = () => page.getByRole("button", { name: "Align and subtract" }),
    told = () => page.getByRole("region", { name: "Difference" }),
    level = () => page.getByRole("slider", { name: "Level of the difference" }),
    panel = () => page.getByRole("tabpanel"),
    choice = () => page.getByRole("combobox", { name: "Compare with" });

  beforeAll(async () => {
    const { id, address } = site();
    ({ page, complaints } = await visit(browser(), `${address}#run=${id("whole-set")}&compare=${id("halves")}`));
  });
  afterAll(async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("the other map is turned into place, and what one has more than the other is shown", async () => {
    await eventually(async () => covered(await picture(canvas(1)))).toBeGreaterThan(0.02);
    const before = await settledPicture(canvas(1));
    await button().click();
    await eventually(() => told().textContent()).toMatch(
      /Correlation of densities between whole-set and halves, after alignment: 0\.\d\d; .* σ is the .* of whole-set;/,
    );
    expect(
      await told()
        .getByRole("img", { name: /^Fourier shell correlation between whole-set and halves, after alignment\./ })
        .count(),
    ).toBe(1);
    await eventually(() => page.locator("section.map .scene canvas").count()).toBe(3);
    await eventually(async () => difference(await picture(canvas(1)), before)).toBeGreaterThan(1);
    await level().fill("0.5");
    await eventually(async () => share(await picture(canvas(2)), isBlue)).toBeGreaterThan(0.002);
    await eventually(async () => share(await picture(canvas(2)), isOrange)).toBeGreaterThan(0.002);
    expect(await level().getAttribute("aria-valuetext")).toBe("plus and minus 0.5 sigma");
    await keepScreenshot(page, "aligned");
    await told().scrollIntoViewIfNeeded();
    await keepScreenshot(page, "difference");
    expect(await violations(page)).toEqual([]);
  });

  test("the third turns with the others", async () => {
    await page.getByRole("button", { name: "Reset view" }).click();
    await scrollToTop(page); // a canvas that lies between other pixels of the screen has another picture
    const before = await settledPicture(canvas(2));
    await canvas(0).focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowUp");
    await eventually(async () => difference(await picture(canvas(2)), before)).toBeGreaterThan(0.5);
    await page.getByRole("button", { name: "Reset view" }).click();
    await scrollToTop(page);
    await eventually(async () => difference(await picture(canvas(2)), before)).toBeLessThan(0.01);
  });

  test("the difference is handed out, on the grid of both", async () => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download difference.mrc" }).click(),
    ]);
    const { shape, pixelSizeAngstrom, data } = await readMap(disk.at(await download.path()));
    expect([shape, pixelSizeAngstrom]).toEqual([[24, 24, 24], 6]);
    expect(Math.max(...data)).toBeGreaterThan(0);
    expect(Math.min(...data)).toBeLessThan(0);
  });

  test("it goes with the other run, a search that is under way, too", async () => {
    await choice().selectOption({ label: "no other run" });
    await eventually(() => page.locator("section.map .scene canvas").count()).toBe(1);
    await choice().selectOption({ label: "halves" });
    await button().click();
    await told().waitFor(); // it is under way, or done already
    await choice().selectOption({ label: "no other run" });
    await eventually(() => page.workers().length).toBe(0);
    await choice().selectOption({ label: "halves" });
    await button().waitFor();
    expect(await told().count()).toBe(0);
    expect(await button().getAttribute("aria-pressed")).toBe("false");
  });

  test("every tab is of both, each under its name", async () => {
    for (const [tab, shown] of [
      ["Particles", "canvas.pixels"],
      ["Views", ".disc"],
      ["Log", ".log li"],
    ] as const) {
      await page.getByRole("tab", { name: tab }).click();
      for (const name of ["whole-set", "halves"]) {
        const one = panel().getByRole("region", { name, exact: true });
        await eventually(() => one.locator(shown).count()).toBeGreaterThan(0);
        expect(await one.getByRole("heading", { level: 2 }).textContent()).toBe(name);
      }
      expect([tab, await violations(page)]).toEqual([tab, []]);
      await panel().scrollIntoViewIfNeeded();
      await keepScreenshot(page, `both-${tab.toLowerCase()}`);
    }
    const places = await Promise.all(
      ["whole-set", "halves"].map((name) => panel().getByRole("region", { name, exact: true }).boundingBox()),
    );
    expect(places[0]!.y).toBe(places[1]!.y);
    await page.setViewportSize({ width: 390, height: 900 });
    const [above, below] = await Promise.all(
      ["whole-set", "halves"].map((name) => panel().getByRole("region", { name, exact: true }).boundingBox()),
    );
    expect(above!.y + above!.height).toBeLessThanOrEqual(below!.y);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test("options that differ come first, and are marked", async () => {
    await page.getByRole("tab", { name: "Configuration" }).click();
    const told = () => panel().getByRole("row").allInnerTexts();
    await eventually(async () => (await told())[0]).toBe("Option\twhole-set\thalves");
    const rows = (await told()).map((row) => row.split("\t"));
    const alikeAt = rows.findIndex(([name]) => / alike$/.test(name!)),
      [differ, alike] = [rows.slice(2, alikeAt), rows.slice(alikeAt + 1)];
    expect(rows[1]).toEqual([`${differ.length} differ`]);
    expect(differ).toContainEqual(["≠ halfMaps", "false", "true"]);
    for (const [name, one, other] of differ) expect([name![0], one === other]).toEqual(["≠", false]);
    for (const [name, one, other] of alike) expect([name![0] === "≠", one]).toEqual([false, other]);
    expect(alike.length).toBeGreaterThan(5);
    expect(await violations(page)).toEqual([]);
    await panel().scrollIntoViewIfNeeded();
    await keepScreenshot(page, "both-configuration");
  });

  test("curves say of which run they are, and what they compare", async () => {
    await page.getByRole("tab", { name: "Curves" }).click();
    await panel().locator("figure.chart").nth(3).waitFor();
    const legends = () => panel().locator("figure.chart .u-legend").allInnerTexts();
    await eventually(async () => (await legends())[0]).toMatch(/halves: half-maps, (unmasked|masked|corrected)/);
    // The files of one run may come after those of the other.
    await eventually(async () => (await legends()).slice(1).filter((text) => !/whole-set.*halves/s.test(text))).toEqual(
      [],
    );
    expect(await violations(page)).toEqual([]);
    await panel().scrollIntoViewIfNeeded();
    await keepScreenshot(page, "both-curves");
  });
}
