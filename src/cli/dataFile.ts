import { fileURLToPath } from "node:url";

/** A file of the data folder of this package, as seen from src/cli and from dist/cli. */
export const dataFile = (name: string): string => fileURLToPath(new URL(`../../data/${name}`, import.meta.url));
