import { useEffect, useState } from "preact/hooks";
import type { MapGrid } from "./grid.ts";

/** The map, or its mirror image once that is made. */
export function useHand(from: MapGrid | undefined, mirror: boolean): MapGrid | undefined {
  const [turned, setTurned] = useState<{ from: MapGrid; grid: MapGrid }>();
  useEffect(() => {
    if (!mirror || !from) return setTurned(undefined);
    void import("./grid.ts").then(({ mirrored }) => setTurned({ from, grid: mirrored(from) }));
  }, [mirror, from]);
  return mirror ? (turned?.from === from ? turned?.grid : undefined) : from;
}
