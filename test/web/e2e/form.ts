/** The form of a new run: files chosen in folders of the server, particles looked at before the run. */
import { realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./axe.ts";
import { type Site, token } from "./site.ts";
import { eventually, keepScreenshot, type Visit, visit } from "./visit.ts";

export function formTests(site: () => Site, browser: () => Browser): void {
  let page: Page, complaints: Visit["complaints"];
  const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
  const field = (name: string) => page.locator(`#field-${name}`);
  const problem = (name: string) => page.locator(`#field-${name}-problem`);
  const dialog = () => page.getByRole("dialog", { name: "Choose: Particles" });
  const entries = () => dialog().locator(".entries button").allInnerTexts();
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  const fact = (name: string) => page.locator(".inspected dl > div", { hasText: name }).locator("dd").innerText();
  const folder = () => realpathSync(dirname(site().particles));

  beforeAll(async () => {
    ({ page, complaints } = await visit(browser(), `${site().address}#token=${encodeURIComponent(token)}`));
    await button("New run").click();
  });
  afterAll(async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("a particle file is chosen with the mouse, and what it holds stands below", async () => {
    await button("Choose… Particles").click();
    await eventually(entries).toEqual([`${folder()}/`, `${realpathSync(site().runs)}/`]);
    await dialog()
      .getByRole("button", { name: `${folder()}/` })
      .click();
    await eventually(async () => (await entries()).map((entry) => entry.replace(/\s+/, " "))).toEqual([
      "Job 2/",
      expect.stringMatching(/^particles\.star [\d.]+ kB$/),
      expect.stringMatching(/^truth\.star [\d.]+ kB$/),
    ]);
    expect(await violations(page)).toEqual([]);
    await keepScreenshot(page, "file-browser");
    await dialog()
      .getByRole("button", { name: /^particles\.star/ })
      .click();
    await dialog().waitFor({ state: "detached" });
    expect(await field("particlesFile").inputValue()).toBe(join(folder(), basename(site().particles)));
    expect(await focused()).toBe("Choose… Particles");
    await eventually(() => page.locator(".inspected canvas").count()).toBe(8);
    expect(await fact("Particles")).toBe("600");
    expect(await fact("Box")).toBe("24 px, 144 Å");
    expect(await fact("Nyquist")).toBe("12 Å");
    const finer = String.raw`(, or \d+:\d\d with starts at a finer shell)?`;
    expect(await fact("This run")).toMatch(
      new RegExp(String.raw`^works up to [\d.]+ Å in \d+:\d\d${finer} on two idle CPU cores; an estimate$`),
    );
    expect(await violations(page)).toEqual([]);
    await keepScreenshot(page, "inspected");
  });

  test("and with the keyboard", async () => {
    await page.keyboard.press("Enter");
    await eventually(focused).toBe("Job 2/");
    await page.keyboard.press("Enter");
    await eventually(() => dialog().getByRole("status").innerText()).toBe("0 folders, 0 files");
    await page.keyboard.press("Backspace");
    await eventually(focused).toBe("Job 2/");
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
    expect(await focused()).toBe("Choose… Particles");
    await field("particlesFile").fill("");
    await button("Choose… Particles").press("Enter");
    await eventually(focused).toBe("Job 2/");
    await page.getByLabel("Names with").fill("PARTIC");
    await eventually(async () => (await entries()).length).toBe(1);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("file-match");
    await page.keyboard.press("Tab");
    expect(await focused()).toMatch(/^particles\.star/);
    await page.keyboard.press("Enter");
    await dialog().waitFor({ state: "detached" });
    expect(await field("particlesFile").inputValue()).toMatch(/particles\.star$/);
  });

  test("the circle on the images is the mask; one beyond the box, and a shift out of it, are refused", async () => {
    const told = () => page.locator(".inspected figcaption").innerText();
    const radius = async () => Number(await page.locator(".masked circle").first().getAttribute("r"));
    await eventually(told).toMatch(/the circle is the mask of [\d.]+ Å, (as the images show it|90 % of the box)\.$/);
    await field("maskDiameter").fill("72");
    await field("maxShift").fill("73");
    await field("out").fill("never begun");
    await eventually(told).toMatch(/mask of 72 Å, as asked for\.$/);
    expect(await radius()).toBeCloseTo(6, 6);
    expect(await problem("maxShift").innerText()).toMatch(/^A shift of 73 Å \(--max-shift\) leads out of the box/);
    expect(await field("maxShift").getAttribute("aria-invalid")).toBe("true");
    await field("out").fill("halves");
    await field("out").blur();
    await eventually(() => problem("out").allInnerTexts()).toEqual([
      "A folder of this name is there already; choose another",
    ]);
    await field("out").fill("never begun");
    expect(await page.locator(".run-path code").innerText()).toBe(site().path("never begun", ""));
    await field("maskDiameter").fill("150");
    await button("Start").click();
    await eventually(() => problem("maskDiameter").innerText()).toMatch(
      /^The mask's diameter of 150 Å does not fit into the box of 144 Å/,
    );
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("field-maskDiameter");
    await keepScreenshot(page, "mask-refused");
    expect(await page.getByRole("navigation", { name: "Runs" }).innerText()).not.toContain("never begun");
    await field("maskDiameter").fill("");
    await field("maxShift").fill("");
    await field("out").fill("");
    await field("out").blur();
    await eventually(() => page.locator(".field .problem").allInnerTexts()).toEqual([]);
  });

  test("a group that is not in the file, and a file that is broken, are told at their fields", async () => {
    await page.getByText("Advanced options").click();
    await field("opticsGroups").fill("7");
    await field("opticsGroups").blur();
    await eventually(() => problem("opticsGroups").allInnerTexts()).toEqual([expect.stringContaining("7")]);
    await eventually(() => page.locator(".inspected dl").count()).toBe(0);
    await field("opticsGroups").fill("");
    writeFileSync(join(folder(), "broken.star"), "no table");
    await field("particlesFile").fill(join(folder(), "broken.star"));
    await field("particlesFile").blur();
    await eventually(() => problem("particlesFile").allInnerTexts()).toEqual([expect.stringContaining("broken.star")]);
  });

  test("a file outside of the folders is not looked at, and says so", async () => {
    await field("particlesFile").fill("/etc/particles.star");
    await field("particlesFile").blur();
    await eventually(() => page.locator(".inspected").innerText()).toBe(
      "/etc/particles.star is not there, or outside of the folders that may be looked into (serve --data).",
    );
    expect(await problem("particlesFile").count()).toBe(0);
  });
}
