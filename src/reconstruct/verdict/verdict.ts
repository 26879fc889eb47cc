/** What a run comes to in a word, and what that rests on. */
import { formatNumber } from "../../base/format.ts";
import type { HalfSamples } from "../measure/halfSamples.ts";
import type { Method } from "../method.ts";

export const verdictKinds = ["found", "uncertain", "notFound"] as const;
export type VerdictKind = (typeof verdictKinds)[number];

export interface Verdict {
  kind: VerdictKind;
  /**
   * Å: to which a structure was found, or beyond which none was; of an uncertain one, to which it would be found if it
   * is right; null where nothing tells.
   */
  resolutionAngstrom: number | null;
  /** Why, in one or two sentences. */
  reason: string;
}

/** The verdict of a run in words: "structure found to 7.6 Å". */
export function verdictText({ kind, resolutionAngstrom }: Verdict): string {
  if (kind === "uncertain" || resolutionAngstrom === null) return verdictWords[kind];
  return `${verdictWords[kind]} ${kind === "found" ? "to" : "beyond"} ${formatNumber(resolutionAngstrom)} Å`;
}

const verdictWords: Record<VerdictKind, string> = {
  found: "structure found",
  uncertain: "uncertain",
  notFound: "no structure found",
};

/** Measured at the end of a run, without a known structure. The resolution of shell k is `boxAngstrom`/k. */
export interface Evidence {
  boxAngstrom: number;
  /** Å, of the finest shell worked at. */
  finestAngstrom: number;
  /** Which of the two the map is; earlier versions did not say. */
  method?: Method;
  /** Shell up to which a density was given to start from; absent of a blind run. */
  givenShell?: number;
  /** The time limit ended the run before the map was refined; in words. */
  cutOff?: string;
  /** Of each set of particles that was reconstructed by itself: all, or two halves. */
  parts: PartEvidence[];
  /** Of independent half-maps, with `--half-maps`. */
  halves?: HalvesEvidence;
}

export interface PartEvidence {
  /** Of the two halves of the particles in the last pass (measure/halfSamples.ts). */
  halfSamples?: HalfSamples;
  /** Correlation of other independent starts with the one gone on with (measure/startAgreement.ts). */
  startAgreement?: number[];
  /** Shell up to which they were compared. */
  startShell?: number;
  /**
   * Skewness of the density within its mask, before negative values are cut off: a molecule stands out bright, so it is
   * above 0; below where the contrast is inverted.
   */
  skewness: number;
  /** Where several classes were asked for. */
  classes?: ClassesEvidence;
}

export interface ClassesEvidence {
  /** How many have particles. */
  count: number;
  /** Numbers of those two halves of whose particles agree on no shell (0.5 of FSC). */
  blank?: number[];
  /** Of each two that have particles: how they correlate, and would if they were one (measure/classCorrelation.ts). */
  correlation: { classes: [number, number]; value: number; expected: number }[];
}

export interface HalvesEvidence {
  /** FSC of the aligned half-maps in their mask, each less its rotational average, shells 1, 2, … */
  angularFsc: number[];
  /** Å, where the FSC of fsc.json falls below 0.143; null when already the first shell is below. */
  resolutionAngstrom: number | null;
  /** Of several classes: which of them both halves have; the other fields are of the largest of these. */
  classes?: HalvesClasses;
}

/** By the numbers that classes have in the run. */
export interface HalvesClasses {
  /** How its maps of the two halves correlate (measure/matchClasses.ts). */
  both: { number: number; correlation: number }[];
  /** Of one half, with that of the other which is most like it; absent where none could be compared. */
  alone: { number: number; half: 1 | 2; closest?: { number: number; correlation: number } }[];
}

/** Which classes of a run the same run finds again from other seeds. */
export interface FoundAgain {
  /** This one and its repeats. */
  runs: number;
  /** Of the particles' classes in this run and in each repeat; 1: the same, 0: as at random. */
  adjustedRandIndex: number[];
  /** Classes of this run, those that differ by no more than their noise together, and how many runs find them. */
  structures: { classes: number[]; foundBy: number }[];
}
