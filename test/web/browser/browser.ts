/** The worker as it is shipped, in Debian's Chromium: built by Vite, served with the headers that threads need. */
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, resolve } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { browserBuild, isolationHeaders } from "../../../src/web/browser/vite.ts";
import type { BrowserSource } from "../../../src/web/live/browserSource.ts";
import { temporaryFolder } from "../../io/helpers.ts";

declare global {
  /** In the page, see page/main.ts. */
  var source: BrowserSource;
}

const root = resolve(import.meta.dirname, "../../..");
const types: Record<string, string> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** Builds the page and serves it, and the files of `data` below /data/. */
export async function servePage(data: string): Promise<{ address: string; close(): void }> {
  const folder = temporaryFolder();
  await build({
    ...browserBuild("0.0.0-test"),
    root: join(import.meta.dirname, "page"),
    base: "./",
    configFile: false,
    logLevel: "error",
    build: { outDir: folder, target: "es2022", assetsInlineLimit: 0 },
  });
  return serveFiles((path) => (path.startsWith("/data/") ? join(data, path.slice(6)) : join(folder, path)));
}

/**
 * Serves files with the headers that threads need. @param fileOf the file of a path; "/" is asked for as "/index.html"
 */
export async function serveFiles(fileOf: (path: string) => string): Promise<{ address: string; close(): void }> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname,
      file = fileOf(path === "/" ? "/index.html" : path);
    const content = await readFile(file).catch(() => undefined);
    response
      .writeHead(content ? 200 : 404, {
        ...isolationHeaders,
        "Content-Type": types[extname(file)] ?? "application/octet-stream",
      })
      .end(content);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => void server.close() };
}

/** Flags by which Chromium offers WebGPU through its software Vulkan driver. */
const softwareWebGpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** A browser with a profile of its own, which outlives a reload. */
export async function openBrowser(webGpu: boolean): Promise<BrowserContext> {
  execFileSync("bash", [join(root, "scripts/install-chromium.sh")]);
  return chromium.launchPersistentContext(temporaryFolder(), {
    executablePath: "/usr/bin/chromium-headless-shell",
    args: ["--no-sandbox", ...(webGpu ? softwareWebGpu : ["--disable-gpu"])],
  });
}

export async function openPage(browser: BrowserContext, address: string): Promise<Page> {
  const page = await browser.newPage();
  page.on("console", (message) => void (message.type() === "error" && console.error(`page: ${message.text()}`)));
  page.on("pageerror", (error) => console.error(`page: ${error.stack}`));
  await page.goto(address);
  await page.waitForFunction(() => "source" in globalThis);
  return page;
}

/** Offers files that the server has below /data/, each under the name it had on the visitor's disk. */
export async function drop(page: Page, names: string[]): Promise<void> {
  await page.evaluate(async (list) => {
    const files = await Promise.all(
      list.map(
        async (name) =>
          new File([await (await fetch(`data/${name}`)).arrayBuffer()], name, { lastModified: 1_700_000_000_000 }),
      ),
    );
    await source.add(files);
  }, names);
}
