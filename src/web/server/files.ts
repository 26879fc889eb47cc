/** Files of a run folder over HTTP, and nothing outside of it. */
import { extname } from "node:path";
import { Readable } from "node:stream";
import type { Context } from "hono";
import { openInside } from "./inside.ts";

/**
 * What a browser may show by itself; anything else is bytes. No type that could run as a script of the page: a run
 * folder may come from anyone.
 */
const types: Record<string, string> = {
  ".json": "application/json",
  ".jsonl": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".star": "text/plain; charset=utf-8",
  ".xml": "text/plain; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".png": "image/png",
};
/** The report runs its own inline script, but apart from the page's origin and network. */
const isolated =
  "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

/**
 * A file as it is now, or 304 if that is what the reader has, or 404; 204 in its place where the query says "optional",
 * as browsers tell every 404 in their console. @param path as it stands in the address, percent-encoded
 */
export async function sendFile(c: Context, folder: string, path: string): Promise<Response> {
  const parts = partsOf(path);
  const handle = parts && (await openInside(folder, ...parts));
  if (!handle)
    return c.req.query("optional") === undefined ? c.text("no such file in the run folder", 404) : c.body(null, 204);
  const { ino, size, mtimeMs } = await handle.stat();
  const etag = `"${ino.toString(36)}-${size.toString(36)}-${Math.round(mtimeMs * 1000).toString(36)}"`;
  c.header("ETag", etag);
  c.header("Cache-Control", "no-cache");
  c.header("Content-Security-Policy", isolated);
  c.header("Cross-Origin-Opener-Policy", "unsafe-none"); // browsers show no sandboxed page that asks for another
  const known =
    c.req
      .header("If-None-Match")
      ?.split(",")
      .map((tag) => tag.trim().replace(/^W\//, "")) ?? [];
  const unchanged = known.includes(etag) || known.includes("*");
  if (!unchanged) {
    c.header("Content-Type", types[extname(parts.at(-1)!).toLowerCase()] ?? "application/octet-stream");
    c.header("Content-Length", String(size));
  }
  if (unchanged || c.req.method === "HEAD" || size === 0) {
    await handle.close();
    return c.body(null, unchanged ? 304 : 200);
  }
  // No more than the length that was told, should the file grow meanwhile.
  return c.body(Readable.toWeb(handle.createReadStream({ start: 0, end: size - 1 })) as ReadableStream);
}

/** @returns the names on the way to a file that is for readers; undefined for anything else */
function partsOf(encoded: string): string[] | undefined {
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
  if (/[\0\\]/.test(path)) return undefined;
  const parts = path.split("/");
  // Also no hidden names: half-written files are such.
  if (parts.some((part) => part === "" || part.startsWith("."))) return undefined;
  return parts.some((part) => /^(checkpoint.*\.bin|run\.pid)$|\.scratch$/i.test(part)) ? undefined : parts;
}
