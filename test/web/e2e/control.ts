/** Runs begun, stopped and gone on with from the page; a server that goes and comes back. */
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pageLeadingTo } from "../../../src/web/server/openBrowser.ts";
import { type Site, token } from "./site.ts";
import { eventually, keepScreenshot, type Visit, visit } from "./visit.ts";

export function controlTests(site: () => Site, browser: () => Browser): void {
  let page: Page, complaints: Visit["complaints"];
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  const state = () => page.locator(".run-header .state").innerText();
  const field = (name: string) => page.locator(`#field-${name}`);
  const problem = (name: string) => page.locator(`#field-${name}-problem`);

  beforeAll(async () => {
    ({ page, complaints } = await visit(browser(), `${site().address}#token=${encodeURIComponent(token)}`));
  });
  afterAll(async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("the token is taken out of sight", async () => {
    await button("New run").waitFor();
    expect(page.url()).not.toContain("token");
  });

  test("the page that the opener of the platform is given leads there, with the token", async () => {
    const context = await browser().newContext(),
      opened = await context.newPage();
    const file = await pageLeadingTo(`${site().address}#token=${encodeURIComponent(token)}&run=${site().id("halted")}`);
    await opened.goto(pathToFileURL(file).href);
    await opened.getByRole("button", { name: "New run", exact: true }).waitFor();
    expect(await opened.evaluate(() => document.referrer)).toBe("");
    await context.close();
  });

  test("what is wrong in the form stands beside its field", async () => {
    await button("New run").click();
    await button("Start").click();
    await eventually(() => problem("particlesFile").innerText()).toMatch(/required/);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("field-particlesFile");
    expect(await problem("out").innerText()).toMatch(/required/);
    await field("particlesFile").fill("/nowhere/particles.star");
    await field("out").fill("from the page");
    await field("symmetry").fill("Q");
    await field("timeLimit").fill("soon");
    await button("Start").click();
    await eventually(() => problem("symmetry").innerText()).toBe(
      'Expected a point group such as C1, C4, D2, T, O or I, got "Q"',
    );
    expect(await problem("timeLimit").innerText()).toMatch(/"soon"$/);
    expect(await problem("particlesFile").count()).toBe(0);
    for (const name of ["symmetry", "timeLimit"]) {
      expect(await field(name).getAttribute("aria-invalid")).toBe("true");
      expect(await field(name).getAttribute("aria-describedby")).toContain(`field-${name}-problem`);
    }
    await keepScreenshot(page, "form");
    await field("symmetry").fill("");
    await field("timeLimit").fill("");
    await button("Start").click();
    // Only the server knows its files.
    await eventually(() => problem("particlesFile").allInnerTexts()).toEqual(["There is no such file"]);
    expect(complaints.splice(0)).toEqual([expect.stringMatching(/422 .*\/api\/runs\)$/)]);
  });

  const verdict = /found|uncertain/;

  test("a run is begun, followed, stopped, gone on with and finished", async () => {
    await field("particlesFile").fill(site().particles);
    await field("maxShift").fill("0");
    await page.getByText("Advanced options").click();
    await field("stages").fill("adversarial 12:600, refine 12:1");
    await field("device").selectOption("cpu");
    await button("Start").click();
    await eventually(() => page.locator(".run-header h2").allInnerTexts()).toEqual(["from the page"]);
    await eventually(() => page.locator(".run-header .now").innerText()).toMatch(
      /^stage 1 of 2, adversarial to 24 Å · iteration [1-9]/,
    );
    expect(await state()).toBe("running");
    expect(Number(await page.getByRole("progressbar").getAttribute("value"))).toBeLessThan(100);
    await button("Stop").click();
    await eventually(state).toBe("stopped");
    await eventually(async () => (await site().events("from the page")).at(-1)!.type).toBe("stopped");
    await button("Resume").click();
    await eventually(state).toBe("running");
    await eventually(state).toMatch(verdict);
    expect((await button("Stop").count()) + (await button("Resume").count())).toBe(0);
    const list = page.getByRole("navigation", { name: "Runs" });
    expect(await list.getByRole("button", { name: /^from the page/ }).innerText()).toMatch(verdict);
    await eventually(() => page.locator("figcaption").first().innerText()).toMatch(/^map, 24 px/);
    await page.getByRole("tab", { name: "Log" }).click();
    // The newest stands first.
    await eventually(async () => (await page.locator(".log li span").allInnerTexts()).reverse().join("\n")).toMatch(
      /^600 particles.*\n(.*\n)*Stopped\n(.*\n)*(Warning: )?Finished in [^\n]*$/,
    );
  });

  test("the run is cloned: its options in a form, with a folder of its own", async () => {
    await button("Clone and edit").click();
    await eventually(() => field("out").inputValue()).toBe("from the page-2");
    const filled = ["particlesFile", "stages", "maxShift", "device", "symmetry", "seed"];
    expect(await Promise.all(filled.map((name) => field(name).inputValue()))).toEqual([
      site().particles,
      "adversarial 12:600, refine 12:1",
      "0",
      "cpu",
      "",
      "",
    ]);
    await page.reload();
    await eventually(() => field("out").inputValue()).toBe("from the page-2");
    await keepScreenshot(page, "clone");
    await button("Cancel").click();
    await eventually(() => page.locator(".run-header h2").allInnerTexts()).toEqual(["from the page"]);
  });

  test("more is asked of a run that has ended; what it cannot do stands at the field", async () => {
    await button("Continue…").click();
    await button("Continue").click();
    await eventually(() => page.locator(".continue .problem").allInnerTexts()).toEqual([
      "The run has done what it was asked for: give more time, or a finer resolution.",
    ]);
    await field("timeLimit").fill("1h");
    await button("Continue").click();
    await eventually(() => problem("timeLimit").allInnerTexts()).toEqual([
      "Cannot be combined with --stages, which set the work themselves",
    ]);
    await keepScreenshot(page, "continue");
    await button("Cancel").click();
    expect(await page.locator(".continue").count()).toBe(0);
    expect(complaints.splice(0)).toEqual([expect.stringMatching(/422 /)]);
  });

  test("the command line is told, and read back by a shell it is the run's", async () => {
    await page.getByRole("tab", { name: "Configuration" }).click();
    const args = execFileSync("sh", ["-c", `printf '%s\n' ${await page.locator(".command code").innerText()}`]);
    expect(args.toString().trimEnd().split("\n")).toEqual([
      "cryogan",
      "reconstruct",
      `--out=${site().path("from the page", "")}`,
      "--stages=adversarial 12:600, refine 12:1",
      "--max-shift=0",
      "--device=cpu",
      "--",
      site().particles,
    ]);
    await page.getByRole("tab", { name: "Log" }).click();
  });

  test("a server that goes is missed, and what happened meanwhile is told once when it is back", async () => {
    const lines = () => page.locator(".log li span").allInnerTexts();
    const banner = page.getByText("Connection lost, trying again…");
    const before = await lines();
    expect(await banner.count()).toBe(0);
    await site().kill();
    await banner.waitFor();
    expect(await lines()).toEqual(before);
    appendFileSync(
      site().path("from the page", "events.jsonl"),
      `${JSON.stringify({ type: "warning", time: new Date().toISOString(), message: "written meanwhile" })}\n`,
    );
    await site().start();
    await banner.waitFor({ state: "detached" });
    await eventually(lines).toEqual(["Warning: written meanwhile", ...before]);
    // And it may still write.
    await page.getByRole("button", { name: /^halted/ }).click();
    await button("Resume").click();
    await eventually(() => page.locator(".banner").innerText()).toContain(join("halted", "config.json"));
    await button("Close").click();
    const ofOutage =
      /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|409 /;
    expect(complaints.splice(0).filter((complaint) => !ofOutage.test(complaint))).toEqual([]);
  });

  test("without the token nothing is offered that writes", async () => {
    const other = await visit(browser(), `${site().address}#run=${site().id("halted")}`);
    await eventually(() => other.page.locator(".run-header .state").allInnerTexts()).toEqual(["stopped"]);
    const names = await other.page.getByRole("button").allInnerTexts();
    expect(names).toContain("Reset view");
    expect(names.filter((name) => /New run|Stop|Resume|Start|Continue|Clone/.test(name))).toEqual([]);
    await other.page.context().close();
    expect(other.complaints).toEqual([]);
  });
}
