import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import { commonFiles, type MapFile, mapFiles } from "../address.ts";

/** Maps to choose from: those of classes where the run has them. */
export const offeredMapFiles = (events: readonly RunEvent[]): MapFile[] =>
  mapFiles.filter(
    (file) =>
      commonFiles.some((common) => common === file) ||
      events.some((event) => event.type === "map" && event.path === file),
  );

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
