/** A person's way by page alone: from a particle file to a sharpened map and to what RELION goes on with. */
import { readFileSync, realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./axe.ts";
import { type Site, token } from "./site.ts";
import { covered, eventually, keepScreenshot, picture, type Visit, visit } from "./visit.ts";

export function resultsTests(site: () => Site, browser: () => Browser): void {
  let page: Page, complaints: Visit["complaints"];
  const run = "from a file";
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  const result = (name: string) => page.locator(".task-result", { hasText: name });

  beforeAll(async () => {
    ({ page, complaints } = await visit(browser(), `${site().address}#token=${encodeURIComponent(token)}`));
  });
  afterAll(async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("particles are chosen, looked at, and reconstructed in two halves", async () => {
    await button("New run").click();
    await button("Choose… Particles").click();
    const dialog = page.getByRole("dialog", { name: "Choose: Particles" });
    await dialog.getByRole("button", { name: `${realpathSync(dirname(site().particles))}/` }).click();
    await dialog.getByRole("button", { name: /^particles\.star/ }).click();
    await eventually(() => page.locator(".inspected canvas").count()).toBe(8);
    await page.locator("#field-out").fill(run);
    await page.locator("#field-halfMaps").check();
    await page.locator("#field-maxShift").fill("0");
    await page.getByText("Advanced options").click();
    await page.locator("#field-stages").fill("adversarial 12:100, refine 12:2, refine 20:1");
    await button("Start").click();
    await eventually(() => page.locator(".run-header h2").allInnerTexts()).toEqual([run]);
    await eventually(() => page.locator(".run-header .state").innerText()).toMatch(/found|uncertain/);
    await page.getByRole("tab", { name: "Results" }).click();
  });

  test("a bad option stands at its field; a good one sharpens the map, which is downloaded", async () => {
    await page.locator("#field-bFactor").fill("much");
    await button("Sharpen the map").click();
    await eventually(() => page.locator("#field-bFactor-problem").allInnerTexts()).toEqual([
      'Expected auto or a number, got "much"',
    ]);
    expect(complaints.splice(0)).toEqual([expect.stringMatching(/422 /)]);
    await page.locator("#field-bFactor").fill("-60");
    await button("Sharpen the map").click();
    await eventually(() => result("postprocess-1").locator(".state").allInnerTexts()).toEqual(["done"]);
    expect(await result("postprocess-1").locator("p").first().innerText()).toMatch(/B-factor -60 Å² · low-pass filter/);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "postprocess-1/sharpened.mrc" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("sharpened.mrc");
    const bytes = readFileSync(site().path(run, "postprocess-1/sharpened.mrc"));
    expect((await readFile(await download.path())).equals(bytes)).toBe(true);
  });

  test("it is shown in the place of the map, and taken away with its own name", async () => {
    const show = page.getByRole("button", { name: "Show postprocess-1/sharpened.mrc" });
    await show.click();
    await eventually(() => page.locator("figcaption").first().innerText()).toMatch(/^postprocess-1\/sharpened, 24 px/);
    expect(await show.getAttribute("aria-pressed")).toBe("true");
    expect(await page.getByRole("combobox", { name: "Show", exact: true }).inputValue()).toBe(
      "postprocess-1/sharpened.mrc",
    );
    await button("Download sharpened.mrc").waitFor();
    await page.getByRole("combobox", { name: "Show", exact: true }).selectOption({ label: "map" });
    await eventually(() => page.locator("figcaption").first().innerText()).toMatch(/^map, 24 px/);
  });

  test("the run is exported, and its report drawn again", async () => {
    await button("Export").click();
    await eventually(() => result("export-1").locator(".state").allInnerTexts()).toEqual(["done"]);
    expect(await result("export-1").getByRole("link").allInnerTexts()).toEqual(
      expect.arrayContaining(["export-1/particles.star", "export-1/relion_refine.sh"]),
    );
    await button("Draw it again").click();
    await eventually(() => button("Draw it again").isEnabled()).toBe(true);
    expect(await page.getByRole("link", { name: "Open report.html" }).getAttribute("href")).toMatch(/report\.html$/);
    const [report] = await Promise.all([
      page.waitForEvent("popup"),
      page.getByRole("link", { name: "Open report.html" }).click(),
    ]);
    const chart = report.locator(".plot").first();
    await eventually(() => chart.locator(".u-legend .u-value").allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^[\d.]+$/)]),
    );
    expect(covered(await picture(chart.locator("canvas")))).toBeGreaterThan(0.01);
    await report.close();
    await keepScreenshot(page, "results");
    expect(await violations(page)).toEqual([]);
  });

  test("without the token results are shown and nothing more", async () => {
    const other = await visit(browser(), `${site().address}#run=${site().id(run)}&tab=results`);
    await other.page.getByRole("link", { name: "export-1/map.mrc" }).waitFor();
    expect(await other.page.getByRole("button", { name: /Sharpen|Export|Draw/ }).count()).toBe(0);
    await other.page.context().close();
    expect(other.complaints).toEqual([]);
  });
}
