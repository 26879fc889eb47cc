import { densityFile, type RunEvent } from "../../../reconstruct/folder/events.ts";
import { commonFiles, isResultFile, type MapFile, mapFiles } from "../address.ts";

/** Maps to choose from: those of classes where the run has them. */
export const offeredMapFiles = (events: readonly RunEvent[]): MapFile[] =>
  mapFiles.filter((file) => commonFiles.some((common) => common === file) || isWritten(file, events));

/** At its end a run tells which there are: classes of halves have other numbers until then. */
function isWritten(file: string, events: readonly RunEvent[]): boolean {
  if (file === densityFile)
    return (
      events.findLast(({ type }) => type === "density" || type === "map" || type === "finished")?.type === "density"
    );
  const ofClass = !commonFiles.some((common) => common === file),
    finished = events.findLast((event) => event.type === "finished");
  if (ofClass && finished?.classes)
    return finished.classes.some(
      ({ number, map, fsc }) =>
        map === file || (fsc !== undefined && [1, 2].some((half) => file === `class${number}_half${half}.mrc`)),
    );
  return events.some(
    (event) => (event.type === "map" && event.path === file) || (event.type === "finished" && event.map === file),
  );
}

/** The map to show: the wanted one; but where a run does not have it, or not yet, the one that was written last. */
export function shownMapFile(wanted: MapFile, events: readonly RunEvent[]): MapFile {
  if (isResultFile(wanted) || isWritten(wanted, events)) return wanted;
  const finished = events.findLast((event) => event.type === "finished"),
    last = events.findLast((event) => event.type === "map"),
    name = wanted === densityFile && finished ? finished.map : last?.path;
  return mapFiles.find((file) => file === name) ?? (wanted === densityFile ? "map.mrc" : wanted);
}
