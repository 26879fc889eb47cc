/** The live page in Debian's Chromium, used as a user would. Screenshots are left in test-artifacts/. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";
import { aloneTests } from "./alone.ts";
import { classesTests } from "./classes.ts";
import { compareTests } from "./compare.ts";
import { controlTests } from "./control.ts";
import { formTests } from "./form.ts";
import { jobsTests } from "./jobs.ts";
import { mapTests } from "./map.ts";
import { motionTests } from "./motion.ts";
import { readingTests } from "./reading.ts";
import { resultsTests } from "./results.ts";
import { buildPage, makeSite, type RunSite, recordedSite, type Site } from "./site.ts";
import { tabTests } from "./tabs.ts";
import { openBrowser } from "./visit.ts";

let site: Site, recorded: RunSite, browser: Browser;
beforeAll(async () => {
  buildPage();
  [site, recorded] = [await makeSite(), await recordedSite()];
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  await recorded?.close();
});

describe("what is told of a run", () =>
  tabTests(
    () => site,
    () => browser,
  ));
describe("the map", () =>
  mapTests(
    () => site,
    () => browser,
  ));
describe("two runs", () =>
  compareTests(
    () => site,
    () => browser,
  ));
describe("reading", () =>
  readingTests(
    () => site,
    () => browser,
  ));
describe("classes", () =>
  classesTests(
    () => recorded,
    () => browser,
  ));
describe("motion", () =>
  motionTests(
    () => recorded,
    () => browser,
  ));
describe("the form of a new run", () =>
  formTests(
    () => site,
    () => browser,
  ));
describe("runs from the page", () =>
  controlTests(
    () => site,
    () => browser,
  ));
describe("results", () =>
  resultsTests(
    () => site,
    () => browser,
  ));
describe("runs as jobs of Slurm", () => jobsTests(() => browser));
describe("without a server", () => aloneTests(() => browser));
