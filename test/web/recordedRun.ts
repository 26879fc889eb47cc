/** Runs as they were recorded (test/data/recorded/README.md). */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

export const recordedRuns = ["molecules", "hinge", "hinge-2"] as const;

const folderOf = (name: string): string => join(import.meta.dirname, "../data/recorded", name);

export const recordedFile = (name: (typeof recordedRuns)[number], file: string): Buffer =>
  gunzipSync(readFileSync(join(folderOf(name), `${file}.gz`)));

/** Puts a run into a folder that is not there yet. */
export function unpackRun(name: (typeof recordedRuns)[number], folder: string): void {
  mkdirSync(folder);
  for (const packed of readdirSync(folderOf(name))) {
    const file = packed.replace(/\.gz$/, "");
    writeFileSync(join(folder, file), recordedFile(name, file));
  }
}
