import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import { type MapFile, mapFiles } from "../address.ts";

/** The map to show: the wanted one; but where a run does not have it, or not yet, the one that was written last. */
export function shownMapFile(wanted: MapFile, events: readonly RunEvent[]): MapFile {
  const written = (file: string) =>
    events.some(
      (event) => (event.type === "map" && event.path === file) || (event.type === "finished" && event.map === file),
    );
  if (written(wanted)) return wanted;
  const last = events.findLast((event) => event.type === "map");
  return mapFiles.find((file) => file === last?.path) ?? wanted;
}
