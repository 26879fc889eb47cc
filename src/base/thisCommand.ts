import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** This program, from src with the loader that it runs with, or from dist: Node's path, its options, the entry. */
export const thisCommand = (): string[] => [
  process.execPath,
  ...process.execArgv,
  fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url)),
];
