/** The verdict of a run, decided from what was measured. The thresholds are those of docs/reliability.md. */
import { firstAngularShell } from "../../evaluate/angular.ts";
import { crossingResolution } from "../../evaluate/fsc.ts";
import type { HalfSamples } from "../measure/halfSamples.ts";
import { nearlySame } from "../measure/startAgreement.ts";
import { alikeClasses } from "./structures.ts";
import type {
  ClassesEvidence,
  Evidence,
  FoundAgain,
  HalvesClasses,
  HalvesEvidence,
  PartEvidence,
  Verdict,
} from "./verdict.ts";

/** A right map shows at least this share of the detail in the images, a wrong one at most the last. */
const rightShare = 0.45,
  wrongShare = 0.35;
/** Where no other start came to its shape a map is to show more; starts of one shape correlate at least so well. */
const aloneShare = 0.6,
  sameShape = 0.8;
/**
 * Real images may hold more than their molecule, so that a right map shows a smaller share of it. That much, up to the
 * shell compared at, is enough where another start came to nearly the same shape at a shell as fine as this: by coarser
 * ones a smooth shell, or the outline of a wrong shape, is the same from any start.
 * Half-maps that show no more, and agree in part alone, are right in nothing.
 */
const togetherShare = 0.2,
  fineShell = 16;
/**
 * A map that shows most of the detail up to such a shell may be right: noisy images of a small particle leave its pose
 * open by some degrees, which blurs the finer shells. Wrong maps of few such images do, too.
 */
const placedShell = 12;
/**
 * Of what a map shows the last pass is to have taken at least half from the images. Where it took less, as the images
 * leave their poses open, most is the map's own, and a wrong one upholds itself.
 */
const leastRenewed = 1 / 2;
/** Halves of the particles are to agree at least so well (Fourier shell correlation) where a structure is found. */
const leastAgreement = 0.5;
/** Mean correlation of independent half-maps up to their resolution: of one structure at least, of none at most. */
const rightCorrelation = 0.6,
  wrongCorrelation = 0.3;
/**
 * Any two shapes agree a little in the shells by which they were put onto each other; half-maps are to in more. From a
 * given start they are to agree in shells beyond it.
 */
const alignedShells = 8;

/**
 * No known structure is looked at. Rotational averages are left out everywhere: they come out right whatever the poses.
 * @param again which classes other seeds found, where they were asked
 */
export function judge(evidence: Evidence, again?: FoundAgain): Verdict {
  const verdict = ofMaps(evidence),
    classes = evidence.parts[0]?.classes;
  return classes
    ? { ...verdict, reason: `${verdict.reason} ${ofClasses(classes, evidence.halves?.classes, again)}` }
    : verdict;
}

/** One run parts any particles into as many classes as it was asked for: what tells of them is one more. */
function ofClasses(classes: ClassesEvidence, halves?: HalvesClasses, again?: FoundAgain): string {
  const { count, blank = [] } = classes,
    groups = alikeClasses(classes),
    told = count - blank.length,
    structures = told - groups.reduce((sum, { length }) => sum + length - 1, 0);
  if (count === 1 && !halves && !again) return "One class has all the particles.";
  const oneStructure = (group: readonly number[]): string =>
    group.length === told ? `The ${told} classes` : `Classes ${inWords(group)}`;
  return [
    ...groups.map((group) => `${oneStructure(group)} are one structure: they differ by no more than their noise.`),
    ...blank.map((number) => `Class ${number} shows no structure: two halves of its particles agree nowhere.`),
    ...(halves ? [inHalves(halves)] : []),
    ...(again ? [bySeeds(again)] : []),
    ...(structures > 1 && !halves && !again
      ? [
          `Whether ${structures === count ? `the ${count} classes` : `these ${structures}`} are different structures ` +
            "one run does not tell: --repeats does.",
        ]
      : []),
  ].join(" ");
}

const inWords = (numbers: readonly number[]): string =>
  numbers.length > 2 ? `${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}` : numbers.join(" and ");

function bySeeds({ runs, structures }: FoundAgain): string {
  const real = structures.filter(({ foundBy }) => foundBy === runs),
    others = structures.filter(({ foundBy }) => foundBy < runs);
  const named = ({ classes }: { classes: number[] }): string =>
    `${classes.length > 1 ? "classes" : "class"} ${classes.join(" and ")}`;
  if (real.length <= 1 && structures.length <= 1) return `${runs} seeds find one structure.`;
  if (real.length === 0) return `No class is found by all of ${runs} seeds: they tell no structures apart.`;
  const count = real.length === 1 ? "One structure is" : `${real.length} structures are`;
  return (
    `${count} found by all of ${runs} seeds (${real.map(named).join(", ")})` +
    (others.length > 0
      ? `, and not by all: ${others.map((each) => `${named(each)} (${each.foundBy} of ${runs})`).join(", ")}.`
      : ".")
  );
}

function inHalves({ both, alone }: HalvesClasses): string {
  const found =
    both.length === 0
      ? "No class of one half of the particles is in the other."
      : `Both halves have ${both.length > 1 ? "classes" : "class"} ${both.map(({ number }) => number).join(" and ")} ` +
        `(correlation ${both.map((each) => each.correlation.toFixed(2)).join(", ")}).`;
  return [
    found,
    ...alone.map(
      ({ number, half, closest }) =>
        `Class ${number} is in half ${half} alone${
          closest
            ? `: class ${closest.number} of the other is most like it (${closest.correlation.toFixed(2)})`
            : ", and was compared with none of the other"
        }.`,
    ),
  ].join(" ");
}

function ofMaps(evidence: Evidence): Verdict {
  const { cutOff, halves, parts } = evidence;
  if (cutOff !== undefined)
    return { kind: "uncertain", resolutionAngstrom: null, reason: sentence(`${cutOff}; give it more time`) };
  const samples = parts.map(({ halfSamples }) => halfSamples && detailOf(halfSamples));
  const told = samples.filter((detail) => detail !== undefined);
  const verdict = halves
    ? ofHalves(halves, told, evidence)
    : told[0]
      ? ofSamples(told[0], evidence)
      : ofAdversarial(evidence);
  return verdict.kind === "found" && parts.some(({ skewness }) => skewness < 0) ? dark(verdict) : verdict;
}

/**
 * Of adversarial stages alone. The critic brings the power of a map up to that of the images, right or wrong, so that
 * nothing in it tells which; nor do starts that were compared at a coarse shell.
 */
function ofAdversarial({ boxAngstrom, parts }: Evidence): Verdict {
  const { startAgreement: [correlation] = [], startShell = 1 } = parts[0]!;
  return {
    kind: "uncertain",
    resolutionAngstrom: null,
    reason:
      "The map is by adversarial stages alone, without likelihood: whatever it shows, its images have the power of " +
      "the real ones, which does not tell whether it is right. " +
      (correlation === undefined
        ? ""
        : `Independent starts came to ${correlation >= sameShape ? "one shape" : "different shapes"} at ` +
          `${angstrom(boxAngstrom / startShell)} (correlation ${correlation.toFixed(2)}). `) +
      "--half-maps tells more.",
  };
}

/** What the images show is found, but as a molecule never looks. */
const dark = ({ resolutionAngstrom }: Verdict): Verdict => ({
  kind: "uncertain",
  resolutionAngstrom,
  reason:
    "The density stands out dark, as where the contrast of the images is inverted: give --invert-contrast, or leave " +
    "it out where it was given.",
});

/** How much of the detail in the images a map shows. */
interface Detail {
  /** Last shell up to which the halves of the particles agree, at least `firstAngularShell`. */
  shell: number;
  /** Of the detail in the finest third of the shells up to there: coarse ones come out right of many wrong maps. */
  share: number;
  /** Part of it that the last pass took from the images. */
  renewed: number;
  /** Last shell up to which each shows enough, 0 where the first does not. */
  coarse: number;
  /** Last shell up to which it shows most of the detail, again in the finest third. */
  most: number;
  /** The share up to a shell, no finer than `shell`: again of the finest third. */
  shareUpTo(last: number): number;
}

function detailOf({ agreement, share, signalToNoise, renewed }: HalfSamples): Detail {
  /** The outermost shell is cut by the edge of the box. */
  const finest = agreement.length - 1;
  const lastWhere = (holds: (shell: number) => boolean): number => {
    let shell = firstAngularShell - 1;
    while (shell < finest && holds(shell + 1)) shell++;
    return shell;
  };
  const shell = Math.max(
    firstAngularShell,
    lastWhere((k) => agreement[k - 1]! >= leastAgreement),
  );
  /** Mean over the finest third of the shells up to one, of those in which the images show something. */
  const finestThird = (values: readonly (number | null)[], wanted: number): number => {
    const last = Math.min(shell, wanted);
    let sum = 0,
      weights = 0;
    for (let k = Math.max(firstAngularShell, Math.floor((2 * last) / 3) + 1); k <= last; k++) {
      const weight = k * Math.sqrt(signalToNoise[k - 1]!);
      if ((share[k - 1] ?? null) === null) continue;
      sum += weight * Math.max(0, Math.min(1, values[k - 1]!));
      weights += weight;
    }
    return weights > 0 ? sum / weights : 0;
  };
  const shareUpTo = (wanted: number): number => finestThird(share, wanted);
  const coarse = lastWhere((k) => (share[k - 1] ?? 0) >= rightShare);
  let most = shell;
  while (most >= firstAngularShell && shareUpTo(most) < aloneShare) most--;
  return {
    shell,
    share: shareUpTo(shell),
    renewed: finestThird(renewed, shell),
    coarse: coarse < firstAngularShell ? 0 : coarse,
    most,
    shareUpTo,
  };
}

function ofSamples(detail: Detail, { boxAngstrom, parts, givenShell }: Evidence): Verdict {
  const { shell, share, renewed, coarse, most } = detail,
    percent = `${Math.round(100 * share)} %`,
    resolutionAngstrom = boxAngstrom / shell,
    others = parts.flatMap(({ startAgreement = [] }) => startAgreement),
    alone = others.length > 0 && others.every((v) => v < sameShape);
  const enough = share >= (alone ? aloneShare : rightShare);
  if (enough && renewed >= leastRenewed)
    return {
      kind: "found",
      resolutionAngstrom,
      reason:
        `The map shows ${percent} of the detail that the images hold to ${angstrom(resolutionAngstrom)}, and two ` +
        `halves of the particles show the same${others.length > 0 && !alone ? ", as do independent starts" : ""}. ` +
        "The halves share their poses; --half-maps tells more surely.",
    };
  const together = parts.every(
    ({ startAgreement = [], startShell = 0 }) => startShell >= fineShell && startAgreement.some((v) => v >= nearlySame),
  );
  const compared = comparedTo(parts),
    shareThere = detail.shareUpTo(compared);
  if (together)
    return {
      kind: shareThere > togetherShare ? "found" : "uncertain",
      resolutionAngstrom,
      reason:
        `Independent starts came to one shape at ${angstrom(boxAngstrom / compared)}, and the map shows ` +
        `${Math.round(100 * shareThere)} % of the detail that the images hold up to there. ` +
        "--half-maps tells more surely.",
    };
  if (enough)
    return {
      kind: "uncertain",
      resolutionAngstrom,
      reason:
        `The map shows ${percent} of the detail that the images hold to ${angstrom(resolutionAngstrom)}, but they ` +
        `tell their poses in part alone: ${Math.round(100 * renewed)} % of it comes from them anew in a pass, the ` +
        "rest is the map's own, right or wrong. --half-maps tells.",
    };
  if (givenShell !== undefined)
    return {
      kind: "uncertain",
      resolutionAngstrom,
      reason:
        `The map shows ${percent} of the detail that the images hold to ${angstrom(resolutionAngstrom)}: too little ` +
        "to tell by itself, and from a given start nothing independent tells. --half-maps does.",
    };
  if (share > wrongShare)
    return {
      kind: "uncertain",
      resolutionAngstrom,
      reason:
        `The map shows ${percent} of the detail that the images hold to ${angstrom(resolutionAngstrom)}` +
        `${alone ? ", and independent starts came to other shapes" : ""}: right maps show more, wrong ones less. ` +
        "--half-maps, or another --seed, tells more.",
    };
  if (most >= placedShell)
    return {
      kind: "uncertain",
      resolutionAngstrom,
      reason:
        `The map shows most of the detail that the images hold to ${angstrom(boxAngstrom / most)}, but ${percent} of ` +
        `that to ${angstrom(resolutionAngstrom)}: so do right maps of particles whose poses are known to no better. ` +
        "--half-maps, or another --seed, tells more.",
    };
  return {
    kind: "notFound",
    resolutionAngstrom: boxAngstrom / Math.max(firstAngularShell, coarse),
    reason:
      `The map shows ${percent} of the finer detail that the images hold, as an average over wrong poses does. ` +
      "Another --seed, --symmetry or --mask-diameter may find it.",
  };
}

const comparedTo = (parts: readonly PartEvidence[]): number =>
  Math.min(...parts.map(({ startShell = 1 }) => startShell));

function ofHalves(
  { angularFsc, resolutionAngstrom }: HalvesEvidence,
  told: readonly Detail[],
  { boxAngstrom, finestAngstrom, givenShell = 0, method }: Evidence,
): Verdict {
  const shells = angularFsc.length,
    crossing = crossingResolution(
      angularFsc.map((_, i) => (i + 1) / boxAngstrom),
      angularFsc.map((v, i) => (i + 1 < firstAngularShell ? 1 : v)),
      0.143,
    );
  const coarsest = boxAngstrom / firstAngularShell,
    finest = Math.max(resolutionAngstrom ?? coarsest, crossing.angstrom ?? coarsest, finestAngstrom),
    reached = Math.min(coarsest, finest);
  const first = Math.max(firstAngularShell, Math.ceil(givenShell) + 1),
    last = Math.min(shells, Math.max(alignedShells, Math.round(boxAngstrom / reached)));
  if (first > last)
    return {
      kind: "uncertain",
      resolutionAngstrom: reached,
      reason:
        "Two halves of the particles, refined apart, agree no further than the start that both were given: " +
        "a coarser --start-resolution tells more.",
    };
  const correlation = mean(angularFsc.slice(first - 1, last)),
    words = `${correlation.toFixed(2)} up to ${angstrom(boxAngstrom / last)}`;
  // Real images may hold more than their molecule: as with starts, less of the detail is enough of one fine shape.
  const fine = mean(angularFsc.slice(first - 1, Math.max(fineShell, first))),
    together = last >= fineShell && fine >= nearlySame,
    isHollow = ({ share, shareUpTo }: Detail): boolean =>
      together ? shareUpTo(fineShell) <= togetherShare : share <= wrongShare,
    hollow = told.length > 0 && told.every(isHollow),
    oneIsRight = told.some(({ share }) => share >= rightShare);
  if (correlation >= rightCorrelation && hollow)
    return {
      kind: "uncertain",
      resolutionAngstrom: reached,
      reason:
        `Two halves of the particles, reconstructed apart, show the same (correlation ${words}), but hardly any ` +
        "of the detail that the images hold. The symmetry, or the sign of the contrast, may be another.",
    };
  if (correlation >= rightCorrelation)
    return {
      kind: "found",
      resolutionAngstrom: reached,
      reason:
        `Two halves of the particles, reconstructed apart, show the same (correlation ${words}).` +
        (method === "cryogan" ? " Without likelihood nothing tells whether --symmetry is right." : ""),
    };
  const shown = Math.max(...told.map(({ share }) => share));
  if (told.length > 0 && correlation > wrongCorrelation && shown <= togetherShare)
    return {
      kind: "notFound",
      resolutionAngstrom: reached,
      reason:
        `Two halves of the particles, reconstructed apart, agree in part alone (correlation ${words}), and show ` +
        `${Math.round(100 * shown)} % of the detail that the images hold at most, as averages over wrong poses do.`,
    };
  if (correlation > wrongCorrelation || oneIsRight)
    return {
      kind: "uncertain",
      resolutionAngstrom: reached,
      reason:
        `Two halves of the particles, reconstructed apart, agree in part (correlation ${words}). One of them may be ` +
        "in a wrong shape: another --seed tells.",
    };
  return {
    kind: "notFound",
    resolutionAngstrom: reached,
    reason:
      `Two halves of the particles, reconstructed apart, show different shapes (correlation ${words}), but for what ` +
      "any ball of the particle's size has.",
  };
}

const mean = (values: readonly number[]): number =>
  values.length > 0 ? values.reduce((sum, v) => sum + v, 0) / values.length : 0;
const angstrom = (value: number): string => `${value.toFixed(1)} Å`;
const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;
