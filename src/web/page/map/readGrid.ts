import type { MapGrid } from "./grid.ts";

/** What reads a map comes with the first of them. */
export async function readGrid(bytes: ArrayBuffer): Promise<MapGrid> {
  const { readMapGrid } = await import("./grid.ts");
  return readMapGrid(bytes);
}
