import type { Volume } from "../../base/types.ts";
import { emdbFscXml, fscJson } from "../../evaluate/emdbXml.ts";
import { evaluateHalfMaps } from "../../evaluate/evaluate.ts";
import { type Folder, writeFileAtomic } from "../../io/files.ts";
import { writeMap } from "../../io/mrc.ts";
import type { RunEvent } from "../folder/events.ts";

/** Name of the joint map, and the resolution of the halves as the event at the end of a run tells it. */
export type JoinedHalves = Pick<
  Extract<RunEvent, { type: "finished" }>,
  "map" | "resolutionAngstrom" | "resolutionOrBetter"
>;

/**
 * Puts two independent half-maps onto each other and writes to `folder`: half2_unaligned.mrc (as it came), half2.mrc
 * (in
 * the orientation and hand of half 1), map.mrc (their mean), fsc.json, fsc.xml (EMDB) and evaluation.json. The maps
 * share
 * a rotation, a shift and a hand from here on, six numbers and a sign, and nothing before.
 *
 * @param finestShell Fourier shell up to which they were reconstructed
 */
export async function joinHalves(
  folder: Folder,
  half1: Volume,
  half2: Volume,
  finestShell?: number,
): Promise<JoinedHalves> {
  const { report, map: aligned } = await evaluateHalfMaps(half1, half2, { finestShell });
  const mean: Volume = { ...half1, data: half1.data.map((v, i) => (v + aligned.data[i]!) / 2) };
  await writeMap(folder("half2_unaligned.mrc"), half2, "cryogan half-map 2");
  await writeMap(folder("half2.mrc"), aligned, "cryogan half-map 2, aligned to half-map 1");
  await writeMap(folder("map.mrc"), mean, "cryogan mean of the aligned half-maps");
  await writeFileAtomic(folder("fsc.json"), fscJson(report.fsc));
  await writeFileAtomic(folder("fsc.xml"), emdbFscXml(report.fsc, "FSC of half-maps"));
  await writeFileAtomic(folder("evaluation.json"), JSON.stringify(report));
  const { resolution0143Angstrom, resolution0143OrBetter } = report.fsc;
  return {
    map: "map.mrc",
    ...(resolution0143Angstrom === null ? {} : { resolutionAngstrom: resolution0143Angstrom }),
    ...(resolution0143OrBetter ? { resolutionOrBetter: true } : {}),
  };
}
