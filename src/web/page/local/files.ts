import { signal } from "@preact/signals";

/** Names of the files that the visitor offered to the browser's engine. */
export const localFiles = signal<string[]>([]);

/** Those that list particles. */
export const particleFiles = (names: readonly string[]): string[] => names.filter((name) => /\.(star|cs)$/i.test(name));
