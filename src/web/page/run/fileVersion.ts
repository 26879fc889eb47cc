import { densityFile, type RunEvent } from "../../../reconstruct/folder/events.ts";

/**
 * A number that changes when events tell that a file of the run folder may have: maps name themselves, the rest is
 * written around stages.
 */
export function fileVersion(events: readonly RunEvent[], path: string): number {
  if (path === densityFile) return events.filter(({ type }) => type === "density" || type === "finished").length;
  const isMap = path.endsWith(".mrc");
  return events.filter(
    (event) =>
      event.type === "finished" ||
      (event.type === "map" && (!isMap || event.path === path)) ||
      (!isMap && (event.type === "stage" || event.type === "stopped")),
  ).length;
}
