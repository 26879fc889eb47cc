import type { DataFile } from "../../base/files.ts";
import { later } from "../../base/later.ts";
import type { Volume } from "../../base/types.ts";
import { type Beside, here } from "../../evaluate/beside.ts";
import { emdbFscXml, fscJson } from "../../evaluate/emdbXml.ts";
import { type AlignmentReport, evaluateHalfMaps, meanOf } from "../../evaluate/evaluate.ts";
import { type Folder, writeFileAtomic } from "../../io/files.ts";
import { maskOnGrid } from "../../io/maskFile.ts";
import { writeMap } from "../../io/mrc.ts";
import { fileOfClass, type MapFileName } from "../classes.ts";
import type { RunEvent } from "../folder/events.ts";
import type { ReconstructedMap } from "../stage.ts";
import type { HalvesEvidence } from "../verdict/verdict.ts";

/** Of two half-maps on each other. */
export interface JoinedHalves {
  /** Name of the joint map, and the resolution of the halves as the event at the end of a run tells it. */
  concluded: Pick<Extract<RunEvent, { type: "finished" }>, "map" | "resolutionAngstrom" | "resolutionOrBetter">;
  evidence: HalvesEvidence;
  /** How half 2 was put onto half 1. */
  alignment: AlignmentReport;
}

/**
 * Puts two independent half-maps onto each other and writes to `folder`: half2_unaligned.mrc (as it came), half2.mrc
 * (in the orientation and hand of half 1), half1_unmasked.mrc and half2_unmasked.mrc (the same before the mask of the
 * reconstruction), map.mrc (the mean of half1.mrc and half2.mrc), fsc.json, fsc.xml (EMDB) and evaluation.json. The
 * maps share a rotation, a shift and a hand from here on, six numbers and a sign, and nothing before.
 *
 * @param mask of the run, where one was given: the FSC is taken in it, else in a mask around the density
 * @param classes whose half-maps they are: files of each, half1.mrc too, with its number in their names
 *   (`fileOfClass`); undefined among them: the files above
 * @param beside does what can be done beside the rest
 */
export async function joinHalves(
  folder: Folder,
  half1: ReconstructedMap,
  half2: ReconstructedMap,
  mask?: Volume,
  classes?: readonly (number | undefined)[],
  beside: Beside = here,
): Promise<JoinedHalves> {
  const { map } = half1,
    files = (name: MapFileName) =>
      (classes ?? [undefined]).map((c) => folder(c === undefined ? name : fileOfClass(c, name))),
    written: Promise<void>[] = [];
  /** Files are written while maps are compared. */
  const put = (name: MapFileName, writing: (file: DataFile) => Promise<void>): void => {
    for (const file of files(name)) written.push(later(writing(file)));
  };
  const write = (name: MapFileName, volume: Volume, label: string): void =>
    put(name, (file) => writeMap(file, volume, label));
  const writeText = (name: MapFileName, text: string): void => put(name, (file) => writeFileAtomic(file, text));
  try {
    if (classes) write("half1.mrc", map, "cryogan half-map 1");
    write("half2_unaligned.mrc", half2.map, "cryogan half-map 2");
    write("half1_unmasked.mrc", half1.unmasked, "cryogan half-map 1 before its mask");
    const { report, ...aligned } = await evaluateHalfMaps(map, half2.map, {
      mask: mask && { ...map, data: maskOnGrid(mask, map.shape[0], map.pixelSizeAngstrom) },
      unmasked: [half1.unmasked, half2.unmasked],
      finestShells: [half1.finestShell, half2.finestShell],
      beside,
    });
    const angularFsc = later(beside("angularCorrelation", map, aligned.map, report.fsc.finestShell));
    write("half2.mrc", aligned.map, "cryogan half-map 2, aligned to half-map 1");
    write("half2_unmasked.mrc", aligned.unmasked!, "cryogan half-map 2 before its mask, aligned");
    write("map.mrc", meanOf(map, aligned.map), "cryogan mean of the aligned half-maps");
    writeText("fsc.json", fscJson(report.fsc));
    writeText("fsc.xml", emdbFscXml(report.fsc, "FSC of half-maps"));
    writeText("evaluation.json", JSON.stringify(report));
    const { resolution0143Angstrom, resolution0143OrBetter } = report.fsc;
    await Promise.all(written);
    return {
      concluded: {
        map: "map.mrc",
        ...(resolution0143Angstrom === null ? {} : { resolutionAngstrom: resolution0143Angstrom }),
        ...(resolution0143OrBetter ? { resolutionOrBetter: true } : {}),
      },
      evidence: {
        angularFsc: await angularFsc,
        resolutionAngstrom: resolution0143Angstrom,
      },
      alignment: report.alignment!,
    };
  } finally {
    await Promise.allSettled(written);
  }
}
