/** Runs that are jobs of Slurm, as the page shows and cancels them; Slurm's commands print what real ones printed. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createJobs } from "../../../src/web/server/jobs.ts";
import { type RecordedSlurm, recordedSlurm } from "../../slurm/recorded.ts";
import { serving, startEvent, temporaryFolder, token, writeEvents } from "../server/serving.ts";
import { pageFolder } from "./site.ts";
import { eventually, visit } from "./visit.ts";

export function jobsTests(browser: () => Browser): void {
  const folder = temporaryFolder(),
    runs = join(folder, "runs"),
    path = process.env.PATH;
  let slurm: RecordedSlurm, address: string;
  beforeAll(async () => {
    for (const [name, job] of Object.entries({ working: "19", waiting: "21" })) {
      mkdirSync(join(runs, name), { recursive: true });
      const record = { job, cluster: "cryogan", script: "/data/slurm.sh", submitted: "2026-11-27T04:45:42.000Z" };
      writeFileSync(join(runs, name, "slurm.json"), JSON.stringify(record));
    }
    writeEvents(join(runs, "working"), startEvent("2026-11-27T04:46:00.000Z"));
    slurm = recordedSlurm(folder, join(runs, "waiting", "log.txt"));
    process.env.PATH = `${slurm.bin}:${path}`;
    ({ address } = await serving([runs], { page: pageFolder, jobs: createJobs(200) }));
  });
  afterAll(() => {
    process.env.PATH = path;
  });

  test("a run tells how its job stands, and one that waits is cancelled", async () => {
    const { page, complaints } = await visit(browser(), `${address}#token=${encodeURIComponent(token)}`);
    const job = () => page.locator(".run-header .job").allInnerTexts();
    await page.getByRole("button", { name: /^working/ }).click();
    await eventually(job).toEqual(["Job 19 of cryogan: RUNNING on node[1-2]"]);
    expect(await page.locator(".run-header .state").innerText()).toBe("running");
    await page.getByRole("button", { name: /^waiting/ }).click();
    await eventually(job).toEqual(["Job 21 of cryogan: PENDING (Priority), place 2 of 3 in the queue of main"]);
    expect(await page.locator(".run-header .state").innerText()).toBe("queued");
    await page.getByRole("button", { name: "Cancel job", exact: true }).click();
    await eventually(job).toEqual(["Job 21 of cryogan: CANCELLED"]);
    expect(slurm.cancelled()).toBe("21");
    await eventually(() => page.locator(".run-header .state").innerText()).toBe("stopped");
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("without the token there is nothing to cancel", async () => {
    const { page } = await visit(browser(), address);
    await page.getByRole("button", { name: /^working/ }).click();
    await eventually(() => page.locator(".run-header .job").count()).toBe(1);
    expect(await page.getByRole("button", { name: "Cancel job" }).count()).toBe(0);
    await page.context().close();
  });
}
