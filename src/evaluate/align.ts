import type { Volume } from "../base/types.ts";
import { sphericalMask } from "../physics/mask.ts";
import { angularDistance, axisAngleToMatrix, type Matrix3, multiply } from "../physics/rotations.ts";
import { maximise } from "./nelderMead.ts";
import { type Overlap, openShiftSearch, overlapScore, type Placement, placedFsc, prepareOverlap } from "./overlap.ts";
import { resample } from "./resample.ts";
import { type PaddedSpectrum, spectrumToTurn, turnSpectrum } from "./rotate.ts";
import { rotationGrid } from "./rotationGrid.ts";
import { cubeEdge } from "./shells.ts";

export interface AlignOptions {
  /** Largest shift looked for, default a quarter of the box edge. */
  maxShiftAngstrom?: number;
  /** Of the map as it is put onto the reference, which holds nothing beyond; default: up to the Nyquist sphere. */
  lastShell?: number;
  /** Told how much of a step is done, 0 to 1; rotations are gone through twice where the first grid leaves doubt. */
  onProgress?: (step: AlignStep, done: number) => void;
}

export type AlignStep = "rotations" | "refinement";

/** Where a map is put. */
export interface PlacementAngstrom {
  /**
   * aligned(x) = map(R^T (x - shift)), x from the box centre, after mirroring in x when `mirrored`. Acts on columns (x,
   * y, z).
   */
  rotation: Matrix3;
  shiftAngstrom: [number, number, number];
  mirrored: boolean;
}

export interface FoundPlacement extends PlacementAngstrom {
  /**
   * Mean FSC over the coefficients up to `resolutionAngstrom`, at the best placement and at the best one of the other
   * hand.
   */
  correlation: number;
  correlationOtherHand: number;
  resolutionAngstrom: number;
}

export interface Alignment extends FoundPlacement {
  /** The map put onto the reference, and the reference, on their common grid (see `commonGrid`). */
  map: Volume;
  reference: Volume;
}

type Candidate = Placement & { score: number };

/** Boxes larger than this are Fourier-cropped for the search; the result is applied to the full grid. */
const searchBox = 64;
/**
 * Shells of the first search: features of a fifth of the box edge, wide enough a peak for the coarse grid of rotations.
 */
const firstShell = 5;
/** A hand with less than this share of the other's overlap is not looked at any closer. */
const farBehind = 1 / 2;

/**
 * Finds rotation, shift and hand that put `map` onto `reference`, by maximising their correlation in Fourier space.
 *
 * All rotations on a grid of 15 degrees, both hands, with the shift from a cross-correlation; the best 60 of each hand
 * are refined at low resolution; then the distinct solutions still in play are refined shell range by shell range as
 * far out as the maps correlate (FSC > 0.143). When the best low-resolution solution was reached from one start only,
 * the search is repeated on a grid of 9 degrees with four times the starts. Maps on different grids are first brought
 * to a common one. Throws InputError when, on the same grid, the maps are not cubes.
 */
export function alignToReference(map: Volume, reference: Volume, options: AlignOptions = {}): Alignment {
  const onGrid = onCommonGrid(map, reference),
    found = findPlacement(onGrid.map, onGrid.reference, options),
    { originAngstrom } = onGrid.reference;
  return {
    ...found,
    map: { ...place(onGrid.map, found, options.lastShell), originAngstrom },
    reference: onGrid.reference,
  };
}

/** The same for maps on one grid, but for the maps themselves. */
export function findPlacement(
  map: Volume,
  reference: Volume,
  options: Omit<AlignOptions, "lastShell"> = {},
): FoundPlacement {
  const n = cubeEdge(map),
    boxSize = Math.min(searchBox, n),
    pixel = (map.pixelSizeAngstrom * n) / boxSize,
    edge = boxSize * pixel;
  const prepare = (v: Volume) => maskForSearch(resample(v, boxSize, pixel));
  const overlap = prepareOverlap(prepare(map), prepare(reference));
  const maxShift = (options.maxShiftAngstrom ?? edge / 4) / pixel;

  const { onProgress } = options;
  let solutions = search(overlap, 15, 60, maxShift, onProgress);
  if (solutions[0]!.starts < 2) solutions = search(overlap, 9, 240, maxShift, onProgress);
  const { best, otherHand, lastShell } = refineOutwards(overlap, solutions);
  return {
    rotation: best.rotation,
    shiftAngstrom: best.shift.map((s) => s * pixel) as [number, number, number],
    mirrored: best.mirrored,
    correlation: overlapScore(overlap, best, uniformWeights(lastShell)),
    correlationOtherHand: overlapScore(overlap, otherHand, uniformWeights(lastShell)),
    resolutionAngstrom: edge / lastShell,
  };
}

/**
 * A map mirrored, turned and shifted as an alignment found it.
 * @param lastShell what lies beyond is left out
 * @throws {InputError} when it is not a cube
 */
export const place = (map: Volume, placement: PlacementAngstrom, lastShell?: number): Volume =>
  placeSpectrum(spectrumToTurn(map, lastShell), map, placement, lastShell);

/** The same of a map whose spectrum is there (`spectrumToTurn`). @param grid of the map */
export function placeSpectrum(
  spectrum: PaddedSpectrum,
  grid: Omit<Volume, "data">,
  { mirrored, rotation, shiftAngstrom }: PlacementAngstrom,
  lastShell?: number,
): Volume {
  const shiftVoxels = shiftAngstrom.map((s) => s / grid.pixelSizeAngstrom) as [number, number, number];
  return turnSpectrum(spectrum, grid, { mirrored, rotation, shiftVoxels }, lastShell);
}

/** Two maps on the coarser of their pixel sizes and in the smaller of their boxes. */
export function onCommonGrid(map: Volume, reference: Volume): { map: Volume; reference: Volume } {
  const { boxSize, pixelSizeAngstrom } = commonGrid(map, reference);
  return { map: resample(map, boxSize, pixelSizeAngstrom), reference: resample(reference, boxSize, pixelSizeAngstrom) };
}

/** The coarser of the two pixel sizes, and the smaller of the two boxes. */
export function commonGrid(a: Volume, b: Volume): { boxSize: number; pixelSizeAngstrom: number } {
  const pixelSizeAngstrom = Math.max(a.pixelSizeAngstrom, b.pixelSizeAngstrom);
  const edge = (v: Volume) => Math.max(...v.shape) * v.pixelSizeAngstrom;
  return { boxSize: Math.round(Math.min(edge(a), edge(b)) / pixelSizeAngstrom), pixelSizeAngstrom };
}

/** Subtracts the mean density outside a sphere and masks it softly, so that the box edge does not correlate. */
function maskForSearch(volume: Volume): Volume {
  const n = cubeEdge(volume),
    mask = sphericalMask(volume.shape, 0.475 * n, 0.05 * n);
  let sum = 0,
    weight = 0;
  volume.data.forEach((v, i) => {
    sum += v * (1 - mask[i]!);
    weight += 1 - mask[i]!;
  });
  return { ...volume, data: volume.data.map((v, i) => (v - sum / weight) * mask[i]!) };
}

/** Distinct solutions at low resolution, best first, and from how many starts each was reached. */
function search(
  overlap: Overlap,
  stepDegrees: number,
  startsPerHand: number,
  maxShift: number,
  onProgress: AlignOptions["onProgress"],
): (Candidate & { starts: number })[] {
  const lastShell = Math.min(firstShell, overlap.maxShell);
  const hands: [Candidate[], Candidate[]] = [[], []];
  const rotations = rotationGrid(stepDegrees),
    bestShifts = openShiftSearch(overlap, lastShell, maxShift);
  for (const [i, rotation] of rotations.entries()) {
    if (i % 64 === 0) onProgress?.("rotations", i / rotations.length);
    bestShifts(rotation).forEach((candidate, hand) => hands[hand]!.push(candidate));
  }
  const starts = hands.flatMap((candidates) => candidates.sort(byScore).slice(0, startsPerHand));
  const refined = starts
    .map((start, i) => {
      onProgress?.("refinement", i / starts.length);
      return refine(overlap, start, uniformWeights(lastShell), 0.03);
    })
    .sort(byScore);
  const distinct: (Candidate & { starts: number })[] = [];
  for (const candidate of refined) {
    const same = distinct.find(
      (d) => d.mirrored === candidate.mirrored && angularDistance(d.rotation, candidate.rotation) < Math.PI / 30,
    );
    if (same) same.starts++;
    else distinct.push({ ...candidate, starts: 1 });
  }
  return distinct;
}

/**
 * Refines the solutions of each hand to higher and higher shells, dropping those that fall behind; a hand that is far
 * behind stays where it is.
 */
function refineOutwards(
  overlap: Overlap,
  solutions: Candidate[],
): { best: Candidate; otherHand: Candidate; lastShell: number } {
  let hands = [false, true].map((mirrored) => solutions.filter((s) => s.mirrored === mirrored).slice(0, 12));
  let lastShell = Math.min(firstShell, overlap.maxShell);
  for (let keep = 6; ; keep = Math.max(1, Math.floor(keep / 2))) {
    const leader = hands.flat().sort(byScore)[0]!;
    const fsc = placedFsc(overlap, leader, Math.min(Math.ceil(lastShell * 1.5), overlap.maxShell));
    const next = Math.max(lastShell, shellsAbove(fsc, 0.143));
    const final = next === lastShell || next === overlap.maxShell;
    lastShell = next;
    const weights = fsc.slice(0, lastShell).map(shellWeight);
    hands = hands.map((list) =>
      list[0]!.score < farBehind * leader.score
        ? [{ ...list[0]!, score: overlapScore(overlap, list[0]!, weights) }]
        : list
            .map((s) => refine(overlap, s, weights, final ? 0.003 : 0.02))
            .sort(byScore)
            .slice(0, keep),
    );
    if (final) break;
  }
  const [best, otherHand] = hands.map((list) => list[0]!).sort(byScore);
  return { best: best!, otherHand: otherHand!, lastShell };
}

function uniformWeights(shells: number): Float64Array {
  return new Float64Array(shells).fill(1);
}

/** How many shells there are before the FSC first falls below the threshold. */
function shellsAbove(fsc: Float64Array, threshold: number): number {
  const below = fsc.findIndex((v) => v < threshold);
  return below < 0 ? fsc.length : below;
}

/**
 * Weight of a shell whose correlation is expected to be `fsc`: fsc / (1 - fsc^2), from the likelihood of two maps with
 * a common signal and independent Gaussian noise, which depends on the placement through sum Re(A B*) fsc / (1 -
 * fsc^2). Bounded, since the FSC of few coefficients is itself uncertain.
 */
function shellWeight(fsc: number): number {
  const f = Math.min(Math.max(fsc, 0.02), 0.98);
  return f / (1 - f * f);
}

/** Local maximum of the overlap over three rotations and three shifts, to within `tolerance` of the finest feature. */
function refine(overlap: Overlap, start: Placement, weights: Float64Array, tolerance: number): Candidate {
  const feature = overlap.boxSize / weights.length; // voxels
  const radius = overlap.boxSize / 4; // turns an angle into a typical displacement in voxels
  const place = (u: readonly number[]): Placement => ({
    mirrored: start.mirrored,
    rotation: turned(start.rotation, u[0]! / radius, u[1]! / radius, u[2]! / radius),
    shift: [start.shift[0] + u[3]!, start.shift[1] + u[4]!, start.shift[2] + u[5]!],
  });
  const { x, value } = maximise(
    (u) => overlapScore(overlap, place(u), weights),
    [0, 0, 0, 0, 0, 0],
    feature / 4,
    tolerance * feature,
  );
  return { ...place(x), score: value };
}

/** The rotation followed by one about (wx, wy, wz) by its length in radians. */
function turned(rotation: Matrix3, wx: number, wy: number, wz: number): Matrix3 {
  const angle = Math.hypot(wx, wy, wz);
  return angle === 0 ? rotation : multiply(axisAngleToMatrix([wx, wy, wz], angle), rotation);
}

function byScore(a: Candidate, b: Candidate): number {
  return b.score - a.score;
}
