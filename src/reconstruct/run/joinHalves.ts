import type { Volume } from "../../base/types.ts";
import { angularCorrelation } from "../../evaluate/angular.ts";
import { emdbFscXml, fscJson } from "../../evaluate/emdbXml.ts";
import { evaluateHalfMaps, meanOf } from "../../evaluate/evaluate.ts";
import { type Folder, writeFileAtomic } from "../../io/files.ts";
import { maskOnGrid } from "../../io/maskFile.ts";
import { writeMap } from "../../io/mrc.ts";
import type { RunEvent } from "../folder/events.ts";
import type { ReconstructedMap } from "../stage.ts";
import type { HalvesEvidence } from "../verdict/verdict.ts";

/** Of two half-maps on each other. */
export interface JoinedHalves {
  /** Name of the joint map, and the resolution of the halves as the event at the end of a run tells it. */
  concluded: Pick<Extract<RunEvent, { type: "finished" }>, "map" | "resolutionAngstrom" | "resolutionOrBetter">;
  evidence: HalvesEvidence;
}

/**
 * Puts two independent half-maps onto each other and writes to `folder`: half2_unaligned.mrc (as it came), half2.mrc
 * (in the orientation and hand of half 1), half1_unmasked.mrc and half2_unmasked.mrc (the same before the mask of the
 * reconstruction), map.mrc (the mean of half1.mrc and half2.mrc), fsc.json, fsc.xml (EMDB) and evaluation.json. The
 * maps share a rotation, a shift and a hand from here on, six numbers and a sign, and nothing before.
 *
 * @param mask of the run, where one was given: the FSC is taken in it, else in a mask around the density
 */
export async function joinHalves(
  folder: Folder,
  half1: ReconstructedMap,
  half2: ReconstructedMap,
  mask?: Volume,
): Promise<JoinedHalves> {
  const { map } = half1;
  const { report, ...aligned } = await evaluateHalfMaps(map, half2.map, {
    mask: mask && { ...map, data: maskOnGrid(mask, map.shape[0], map.pixelSizeAngstrom) },
    unmasked: [half1.unmasked, half2.unmasked],
    finestShells: [half1.finestShell, half2.finestShell],
  });
  const write = (name: string, volume: Volume, label: string) => writeMap(folder(name), volume, label);
  await write("half2_unaligned.mrc", half2.map, "cryogan half-map 2");
  await write("half2.mrc", aligned.map, "cryogan half-map 2, aligned to half-map 1");
  await write("half1_unmasked.mrc", half1.unmasked, "cryogan half-map 1 before its mask");
  await write("half2_unmasked.mrc", aligned.unmasked!, "cryogan half-map 2 before its mask, aligned");
  await write("map.mrc", meanOf(map, aligned.map), "cryogan mean of the aligned half-maps");
  await writeFileAtomic(folder("fsc.json"), fscJson(report.fsc));
  await writeFileAtomic(folder("fsc.xml"), emdbFscXml(report.fsc, "FSC of half-maps"));
  await writeFileAtomic(folder("evaluation.json"), JSON.stringify(report));
  const { resolution0143Angstrom, resolution0143OrBetter } = report.fsc;
  return {
    concluded: {
      map: "map.mrc",
      ...(resolution0143Angstrom === null ? {} : { resolutionAngstrom: resolution0143Angstrom }),
      ...(resolution0143OrBetter ? { resolutionOrBetter: true } : {}),
    },
    evidence: {
      angularFsc: angularCorrelation(map, aligned.map).slice(0, report.fsc.finestShell),
      resolutionAngstrom: resolution0143Angstrom,
    },
  };
}
