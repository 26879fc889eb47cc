import { join } from "node:path";
import type { Volume } from "../../base/types.ts";
import { emdbFscXml, fscJson } from "../../evaluate/emdbXml.ts";
import { evaluateHalfMaps } from "../../evaluate/evaluate.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { writeMap } from "../../io/mrc.ts";

/** Name of the joint map, and where the Fourier shell correlation of the halves first falls below 0.143. */
export interface JoinedHalves {
  map: string;
  /** Absent when already the first shell is below. */
  resolutionAngstrom?: number;
}

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
  folder: string,
  half1: Volume,
  half2: Volume,
  finestShell?: number,
): Promise<JoinedHalves> {
  const { report, map: aligned } = await evaluateHalfMaps(half1, half2, { finestShell });
  const mean: Volume = { ...half1, data: half1.data.map((v, i) => (v + aligned.data[i]!) / 2) };
  await writeMap(join(folder, "half2_unaligned.mrc"), half2, "cryogan half-map 2");
  await writeMap(join(folder, "half2.mrc"), aligned, "cryogan half-map 2, aligned to half-map 1");
  await writeMap(join(folder, "map.mrc"), mean, "cryogan mean of the aligned half-maps");
  await writeFileAtomic(join(folder, "fsc.json"), fscJson(report.fsc));
  await writeFileAtomic(join(folder, "fsc.xml"), emdbFscXml(report.fsc, "FSC of half-maps"));
  await writeFileAtomic(join(folder, "evaluation.json"), JSON.stringify(report));
  const { resolution0143Angstrom } = report.fsc;
  return { map: "map.mrc", ...(resolution0143Angstrom === null ? {} : { resolutionAngstrom: resolution0143Angstrom }) };
}
