/** How far a map is right. */
import { evaluateAgainstReference } from "../../src/evaluate/evaluate.ts";
import { type Crossing, crossingResolution } from "../../src/evaluate/fsc.ts";
import { disk } from "../../src/io/disk.ts";

export interface AgainstTruth {
  /** FSC 0.5 against the truth after alignment, masked and corrected for the mask. */
  truth: Crossing;
  /** The same without a mask. */
  truthUnmasked: Crossing;
  /** After alignment, shells 1, 2, …, without a mask. */
  fsc: number[];
}

export async function againstTruth(map: string, truth: string): Promise<AgainstTruth> {
  const { fsc } = (await evaluateAgainstReference(disk.at(map), disk.at(truth), { mask: "auto" })).report;
  return {
    truth: { angstrom: fsc.resolution05Angstrom, orBetter: fsc.resolution05OrBetter },
    truthUnmasked: crossingResolution(fsc.frequency, fsc.fsc, 0.5),
    fsc: fsc.fsc,
  };
}
