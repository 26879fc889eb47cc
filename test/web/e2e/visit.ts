/** A visitor with Debian's Chromium, who complains of whatever a page must not do. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";
import { expect } from "vitest";
import { root } from "./site.ts";

/** Only there so that a failure ends; nothing that works comes near it. */
const patienceMs = 600_000;

export async function openBrowser(): Promise<Browser> {
  execFileSync("bash", [join(root, "scripts/install-chromium.sh")]);
  return chromium.launch({
    executablePath: "/usr/bin/chromium-headless-shell",
    // The map is drawn by software GL; to lay out the page by it, too, would take twice the time of the map.
    args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-gpu-compositing"],
  });
}

export interface Visit {
  page: Page;
  /** Errors in the console, violations of the content security policy, requests to another origin. */
  complaints: string[];
}

/** Opens an address in a context of its own. Whether there is a server may be asked for where there is none. */
export async function visit(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    acceptDownloads: true,
    ...options,
  });
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    const isWithoutServer = /\/api\/session$/.test(message.location().url) && message.text().includes("404");
    if (message.type() === "error" && !isWithoutServer)
      complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.stack}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(address).origin) complaints.push(`request: ${request.url()}`);
  });
  await page.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      console.error(`policy: ${violatedDirective} ${blockedURI}`),
    ),
  );
  await page.goto(address);
  return { page, complaints };
}

/** Waits until the value is as expected: `await eventually(() => …).toBe(…)`. */
export const eventually = <T>(value: () => T | Promise<T>) =>
  expect.poll(value, { timeout: patienceMs, interval: 100 });

/** Kept for a look after the tests. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(join(root, "test-artifacts"), { recursive: true });
  await page.screenshot({ path: join(root, "test-artifacts", `${name}.png`) });
}

export interface Picture {
  width: number;
  height: number;
  /** Red, green, blue, opacity; rows from the top. */
  data: Uint8Array;
}

/**
 * What is on the screen where the element is, without a frame of a few pixels: the border, and the ring of the focus.
 * An element that lies between two pixels has as many of them wherever it stands.
 */
export async function picture(element: Locator): Promise<Picture> {
  const margin = 8;
  await element.scrollIntoViewIfNeeded();
  await ontoPixels(element);
  const box = (await element.boundingBox())!,
    [width, height] = [Math.floor(box.width) - 2 * margin, Math.floor(box.height) - 2 * margin];
  const clip = { x: Math.round(box.x) + margin, y: Math.round(box.y) + margin, width, height };
  const { data: pixels, channels } = decode(await element.page().screenshot({ clip }));
  const data = new Uint8Array(4 * width * height);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) data[4 * i + c] = pixels[channels * i + c]!;
  return { width, height, data };
}

/** A line more above an element moves it by part of a pixel, and its edges look otherwise: it goes onto whole ones. */
const ontoPixels = (element: Locator) =>
  element.evaluate((moved: HTMLElement) => {
    moved.style.translate = "";
    const { left, top } = moved.getBoundingClientRect();
    moved.style.translate = `${Math.round(left) - left}px ${Math.round(top) - top}px`;
  });

/** What brings an element into view may leave the map between two pixels: back to the top. */
export const scrollToTop = (page: Page) =>
  page.evaluate(() => {
    for (const element of document.querySelectorAll("*")) element.scrollTop = 0;
  });

/** A picture that stays: the same twice. */
export async function settledPicture(element: Locator): Promise<Picture> {
  let last = await picture(element);
  await eventually(async () => {
    const before = last;
    last = await picture(element);
    return difference(last, before);
  }).toBe(0);
  return last;
}

/** Share of the pixels for which it holds. */
export function share({ data }: Picture, holds: (r: number, g: number, b: number) => boolean): number {
  let count = 0;
  for (let i = 0; i < data.length; i += 4) if (holds(data[i]!, data[i + 1]!, data[i + 2]!)) count++;
  return (4 * count) / data.length;
}

/** Share of the pixels that are not as the one in the corner. */
export const covered = (shown: Picture): number => {
  const [r0, g0, b0] = shown.data as unknown as [number, number, number];
  return share(shown, (r, g, b) => Math.abs(r - r0) + Math.abs(g - g0) + Math.abs(b - b0) > 24);
};

/** Mean difference of two pictures of the same size, 0 to 255. */
export function difference(a: Picture, b: Picture): number {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / (3 * a.width * a.height);
}

/** Share of the pixels that belong to what is shown in one of them only. */
export function outlineDifference(a: Picture, b: Picture): number {
  const ground = a.data.subarray(0, 3);
  const isGround = ({ data }: Picture, i: number) => ground.every((value, c) => Math.abs(value - data[i + c]!) < 8);
  let count = 0;
  for (let i = 0; i < a.data.length; i += 4) if (isGround(a, i) !== isGround(b, i)) count++;
  return (4 * count) / a.data.length;
}

/** Left and right exchanged. */
export function flopped({ width, height, data }: Picture): Picture {
  const columns = (i: number) => (width - 1 - ((i >> 2) % width)) * 4 + (i & 3);
  return { width, height, data: data.map((_, i) => data[Math.floor(i / (4 * width)) * 4 * width + columns(i)]!) };
}

/** A file for an input of files. */
export function writeFixture(folder: string, name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
