/** Whoever reads it: with the keyboard alone, by ear, in the dark, on a telephone, and again tomorrow. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { violations } from "./axe.ts";
import { type Site, token } from "./site.ts";
import {
  covered,
  difference,
  eventually,
  keepScreenshot,
  picture,
  scrollToTop,
  settledPicture,
  type Visit,
  visit,
} from "./visit.ts";

const tabs = ["Curves", "Particles", "Views", "Results", "Configuration", "Log"];

export function readingTests(site: () => Site, browser: () => Browser): void {
  const withToken = () => `${site().address}#token=${encodeURIComponent(token)}&run=${site().id("halves")}`;
  const canvas = (page: Page) => page.locator(".scene canvas").first();
  const isDrawn = (page: Page) => eventually(async () => covered(await picture(canvas(page)))).toBeGreaterThan(0.02);

  test("nothing stands against the accessibility rules, light and dark", async () => {
    const { page, complaints } = await visit(browser(), withToken());
    const schemes: ("light" | "dark")[] = ["light", "dark"];
    /** Begins with the scheme that is shown. */
    const obeys = async (what: string) => {
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme });
        expect([what, colorScheme, await violations(page)]).toEqual([what, colorScheme, []]);
      }
      schemes.reverse();
    };
    await isDrawn(page);
    for (const tab of tabs) {
      await page.getByRole("tab", { name: tab }).click();
      await eventually(() => page.getByRole("tab", { name: tab }).getAttribute("aria-selected")).toBe("true");
      await obeys(tab);
    }
    await page.getByRole("button", { name: "Cut the map open across z" }).click();
    await page.getByRole("combobox", { name: "Compare with" }).selectOption("whole-set");
    await eventually(() => page.locator(".scene canvas").count()).toBe(2);
    await obeys("two runs");
    await page.getByRole("button", { name: "New run" }).click();
    await page.getByText("Advanced options").click();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.locator(".problem").first().waitFor();
    await obeys("form");
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  describe("on one page,", () => {
    let page: Page, complaints: Visit["complaints"];
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    beforeAll(async () => {
      const options = { colorScheme: "dark", reducedMotion: "reduce" } as const;
      ({ page, complaints } = await visit(browser(), `${withToken()}&spin=1`, options));
    });
    afterAll(async () => {
      await page.context().close();
      expect(complaints).toEqual([]);
    });

    test("a map does not spin by itself where less motion is wanted; it does when asked", async () => {
      await isDrawn(page);
      const spin = page.getByRole("button", { name: "Spin" });
      expect(await spin.getAttribute("aria-pressed")).toBe("false");
      const still = await settledPicture(canvas(page));
      await spin.click();
      await eventually(async () => difference(await picture(canvas(page)), still)).toBeGreaterThan(1);
      await spin.click();
    });

    test("the theme is the system's until another is chosen", async () => {
      expect(await ground()).toBe("rgb(20, 23, 26)");
      const dark = await settledPicture(canvas(page));
      await keepScreenshot(page, "dark");
      await page.getByRole("combobox", { name: "Theme" }).selectOption("light");
      expect(await ground()).toBe("rgb(255, 255, 255)");
      await eventually(async () => difference(await picture(canvas(page)), dark)).toBeGreaterThan(100);
    });

    test("the theme, the run, the tab and the level are the same after reloading", async () => {
      await page.getByRole("button", { name: /^whole-set/ }).click();
      await page.getByRole("tab", { name: "Particles" }).click();
      await page.getByRole("slider", { name: "Level" }).fill("2.5");
      await eventually(() => page.url()).toContain("level=2.5");
      await page.reload();
      await eventually(() => page.getByRole("combobox", { name: "Theme" }).inputValue()).toBe("light");
      expect(await ground()).toBe("rgb(255, 255, 255)");
      await eventually(() => page.locator(".run-header h2").allInnerTexts()).toEqual(["whole-set"]);
      await eventually(() => page.getByRole("slider", { name: "Level" }).inputValue()).toBe("2.5");
      expect(await page.getByRole("tab", { name: "Particles" }).getAttribute("aria-selected")).toBe("true");
      await page.emulateMedia({ colorScheme: "light" });
      await page.getByRole("combobox", { name: "Theme" }).selectOption("auto");
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await ground()).toBe("rgb(20, 23, 26)");
    });
  });

  test("all is reached and worked with the keyboard, and the focus is seen", async () => {
    const { page, complaints } = await visit(browser(), withToken());
    await isDrawn(page);
    await eventually(() => page.locator("figure.chart").count()).toBeGreaterThanOrEqual(5);
    const focused = () =>
      page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        const ring = getComputedStyle(element.closest(".button") ?? element),
          { outlineStyle, outlineWidth } = ring;
        const name =
          element.getAttribute("aria-label") ??
          (element.id.startsWith("tab-") || element.id === "panel"
            ? element.id
            : (element.closest("label")?.textContent ?? element.textContent)) ??
          "";
        return {
          name: name.trim(),
          isBody: element === document.body,
          seen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
        };
      });
    const order: string[] = [];
    for (;;) {
      await page.keyboard.press("Tab");
      const { name, isBody, seen } = await focused();
      if (isBody || name === order[0]) break;
      expect([name, seen]).toEqual([name, true]);
      order.push(name);
    }
    const wanted = [
      /^Skip to the run/,
      /^New run/,
      /^Theme/,
      /^halves/,
      /^whole-set/,
      /^Compare with/,
      /^map of halves/,
      /^Cut the map open across x/,
      /^Slice of map across x/,
      /^Cut the map open across z/,
      /^Slice of map across z/,
      /^Level/,
      /^Spin/,
      /^Other hand/,
      /^Reset view/,
      /^Show/,
      /^Fit a model or map/,
      /^Picture/,
      /^Download map.mrc/,
      /^Copy ChimeraX commands/,
      /^tab-curves/,
      /^panel/,
    ];
    const places = wanted.map((name) => order.findIndex((one) => name.test(one)));
    expect(order.filter((_, i) => places.includes(i))).toHaveLength(wanted.length);
    expect(places).toEqual([...places].sort((a, b) => a - b));

    // Worked: skip link, tabs, slider, map, buttons, form.
    const tabTo = async (name: RegExp) => {
      const passed: string[] = [];
      do {
        await page.keyboard.press("Tab");
        passed.push((await focused()).name);
        if (passed.length > 200) throw new Error(`${name} is not among ${passed.join(" | ")}`);
      } while (!name.test(passed.at(-1)!));
    };
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await tabTo(/^Skip to the run/);
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    await tabTo(/^map of halves/);
    await scrollToTop(page);
    const before = await settledPicture(canvas(page));
    const turned = async () => {
      await scrollToTop(page);
      return difference(await picture(canvas(page)), before);
    };
    await page.keyboard.press("ArrowLeft");
    await eventually(turned).toBeGreaterThan(0.1);
    await page.keyboard.press("Home");
    await eventually(turned).toBeLessThan(0.001);
    await tabTo(/^Level/);
    const level = Number(await page.getByRole("slider", { name: "Level" }).inputValue());
    await page.keyboard.press("ArrowRight");
    await eventually(async () => Number(await page.getByRole("slider", { name: "Level" }).inputValue())).toBeCloseTo(
      level + 0.05,
      1,
    );
    await tabTo(/^Other hand/);
    await page.keyboard.press("Space");
    await eventually(() => page.getByRole("button", { name: "Other hand" }).getAttribute("aria-pressed")).toBe("true");
    await tabTo(/^tab-curves/);
    for (const tab of [...tabs.slice(1), tabs[0]!]) {
      await page.keyboard.press("ArrowRight");
      await eventually(() => page.getByRole("tab", { name: tab }).getAttribute("aria-selected")).toBe("true");
      expect((await focused()).name).toBe(`tab-${tab.toLowerCase()}`);
    }
    await tabTo(/^New run/);
    await page.keyboard.press("Enter");
    await page.locator("form.run-form").waitFor();
    await tabTo(/^$/);
    await page.keyboard.type("x.star");
    await tabTo(/^Choose… Particles/);
    await page.keyboard.press("Tab");
    await page.keyboard.type("by hand");
    await page.keyboard.press("Enter");
    await eventually(() => page.locator("#field-particlesFile-problem").allInnerTexts()).toEqual([
      "There is no such file",
    ]);
    await page.context().close();
    expect(complaints.filter((complaint) => !complaint.includes("422"))).toEqual([]);
  });

  test("a telephone shows all of it without scrolling sideways", async () => {
    const { page, complaints } = await visit(browser(), withToken(), {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    });
    await isDrawn(page);
    const overhang = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await keepScreenshot(page, "phone");
    for (const tab of tabs) {
      await page.getByRole("tab", { name: tab }).click();
      await eventually(() => page.getByRole("tab", { name: tab }).getAttribute("aria-selected")).toBe("true");
      expect([tab, await overhang()]).toEqual([tab, 0]);
    }
    await page.getByRole("combobox", { name: "Compare with" }).selectOption("whole-set");
    await eventually(() => page.locator(".scene canvas").count()).toBe(2);
    expect(await overhang()).toBe(0);
    await page.getByRole("button", { name: "New run" }).click();
    await page.locator("form.run-form").waitFor();
    expect(await overhang()).toBe(0);
    await page.context().close();
    expect(complaints).toEqual([]);
  });
}
