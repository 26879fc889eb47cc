import type { RunEvent } from "../../../reconstruct/events.ts";
import type { MapFile } from "../address.ts";

/** The map to show: the wanted one; but while a run with halves has no map.mrc yet, the half that was written last. */
export function shownMapFile(wanted: MapFile, events: readonly RunEvent[]): MapFile {
  const written = (file: string) => events.some((event) => (event.type === "map" && event.path === file) || (event.type === "finished" && event.map === file));
  if (written(wanted)) return wanted;
  const last = events.findLast((event) => event.type === "map");
  return last?.half === 1 ? "half1.mrc" : last?.half === 2 ? "half2.mrc" : wanted;
}
