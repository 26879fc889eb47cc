/** The page without a server of runs: files on a static server, and the browser's own engine. */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { expect, test } from "vitest";
import { evaluateAgainstReference } from "../../../src/evaluate/evaluate.ts";
import { mirrorX } from "../../../src/evaluate/rotate.ts";
import { disk } from "../../../src/io/disk.ts";
import { readMap } from "../../../src/io/mrc.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { simulateDemo } from "../../../src/web/browser/demo.ts";
import { temporaryFolder } from "../../io/helpers.ts";
import { serveFiles } from "../browser/browser.ts";
import { pageFolder, root } from "./site.ts";
import { covered, eventually, keepScreenshot, picture, visit } from "./visit.ts";

export function aloneTests(browser: () => Browser): void {
  test("the demo runs in the browser, goes on when the page is opened again, and finds the truth", async () => {
    const server = await serveFiles((path) => join(pageFolder, path));
    const { page, complaints } = await visit(browser(), server.address);
    const state = () => page.locator(".run-header .state").innerText();
    const caption = () => page.locator("figcaption").first().innerText();
    const isDrawn = () =>
      eventually(async () => covered(await picture(page.locator(".scene canvas")))).toBeGreaterThan(0.02);
    try {
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      const begin = page.getByRole("button", { name: "Run the demo" });
      await begin.waitFor();
      await keepScreenshot(page, "alone-first");
      await begin.click();
      await eventually(() => page.locator(".run-header h2").allInnerTexts()).toEqual(["demo"]);
      expect(await state()).toBe("running");
      // Something to look at from the first iterations on.
      await eventually(caption).toMatch(/^density as it stands, 16 px/);
      await isDrawn();
      expect(await page.locator(".run-header .now").innerText()).toMatch(
        /^stage 1 of 4, adversarial to 40.6 Å · iteration [1-9]/,
      );
      await page.getByRole("button", { name: "Stop" }).click();
      await eventually(state).toBe("stopped");
      await page.reload();
      await eventually(() => page.locator(".run-header h2").allInnerTexts()).toEqual(["demo"]);
      expect(await state()).toBe("stopped");
      await eventually(caption).toMatch(/^density as it stands/);
      await page.getByRole("button", { name: "Resume" }).click();
      await eventually(state).toMatch(/^(found|uncertain)$/);
      await eventually(caption).toMatch(/^map, 32 px/);

      // The truth is laid over it.
      const fit = page.getByRole("region", { name: "Fit" });
      await eventually(() => fit.innerText()).toMatch(/^truth\.mrc fits the (map|other hand of the map): /);
      await isDrawn();
      await keepScreenshot(page, "alone");
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: /^Download map/ }).click(),
      ]);
      const shown = await readMap(disk.at(await download.path())),
        map = download.suggestedFilename() === "map.mrc" ? shown : mirrorX(shown);
      const folder = temporaryFolder();
      await simulateDemo(disk, disk.at(join(root, "data/ribosome-70s-65.mrc")), folder, nodeCpu());
      const { report } = await evaluateAgainstReference(map, disk.at(join(folder, "truth.mrc")), { mask: "none" });
      // Of 16 shells.
      expect(Math.min(...report.fsc.fsc.slice(0, 10))).toBeGreaterThan(0.5);
      expect(complaints).toEqual([]);
    } finally {
      await page.context().close();
      server.close();
    }
  });
}
