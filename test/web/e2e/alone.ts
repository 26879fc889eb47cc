/** The page without a server of runs: files on a static server, and the browser's own engine. */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { expect, test } from "vitest";
import { serveFiles } from "../browser/browser.ts";
import { pageFolder } from "./site.ts";
import { covered, eventually, keepScreenshot, picture, visit } from "./visit.ts";

export function aloneTests(browser: () => Browser): void {
  test("the demo runs in the browser, is stopped, is there when the page is opened again, and goes on", async () => {
    const server = await serveFiles((path) => join(pageFolder, path));
    const { page, complaints } = await visit(browser(), server.address);
    const state = () => page.locator(".run-header .state").innerText();
    try {
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      await page.getByRole("button", { name: "Run the demo" }).click();
      await eventually(() => page.locator(".run-header h2").allInnerTexts()).toEqual(["demo"]);
      expect(await state()).toBe("running");
      await eventually(() => page.locator(".run-header .now").innerText()).toMatch(
        /^stage 1 of 4, adversarial to 40.6 Å · iteration [1-9]/,
      );
      await page.getByRole("button", { name: "Stop" }).click();
      await eventually(state).toBe("stopped");
      await page.reload();
      await eventually(() => page.locator(".run-header h2").allInnerTexts()).toEqual(["demo"]);
      expect(await state()).toBe("stopped");
      await page.getByRole("button", { name: "Resume" }).click();
      // The first map comes after the first stage.
      await eventually(async () => covered(await picture(page.locator(".scene canvas")))).toBeGreaterThan(0.02);
      await eventually(() => page.locator("figcaption").first().innerText()).toMatch(/^map, 32 px/);
      await keepScreenshot(page, "alone");
      expect(complaints).toEqual([]);
    } finally {
      await page.context().close();
      server.close();
    }
  });
}
