import type { DataFile } from "../base/files.ts";
import { later } from "../base/later.ts";
import type { Volume } from "../base/types.ts";
import type { MapOptions } from "../io/mapCheck.ts";
import { readMap } from "../io/mrc.ts";
import { sphericalMask } from "../physics/mask.ts";
import { matrixToEuler } from "../physics/rotations.ts";
import { type AlignOptions, type FoundPlacement, findPlacement, onCommonGrid, placeSpectrum } from "./align.ts";
import { type Beside, here } from "./beside.ts";
import { type CorrelationBeforeMask, type FscResult, fscResult, maskedCorrelation, requireSameGrid } from "./fsc.ts";
import { automaticMask } from "./mask.ts";
import { finestShell, guinierProfile, type MapStatistics, mapCorrelation, mapStatistics } from "./statistics.ts";

export interface EvaluateOptions {
  /** Search rotation, shift and hand first (default true: ab-initio maps have an arbitrary orientation and hand). */
  align?: boolean;
  /**
   * "auto" (default): around the density of the reference, or of the mean of the half maps; "sphere"; "none"; or a map.
   */
  mask?: "auto" | "sphere" | "none" | Volume;
  /** Seed of the random phases of the mask correction, default 0. */
  seed?: number;
  /** How the map, or both half-maps, are read where they are files. */
  mapOptions?: MapOptions;
  /**
   * Of half-maps that are masked: both before their masks, in the same orientations and on the same grid. The FSC is
   * theirs then; the masked ones serve the alignment, the automatic mask and the correlation.
   */
  unmasked?: readonly [Volume, Volume];
  /**
   * Finest Fourier shells that half-maps 1 and 2 were worked at, and hold nothing beyond; the second is cut off there
   * as it is turned, which would spread a little of it beyond. Default: the last that they hold anything at.
   */
  finestShells?: readonly [number, number];
  /** Of the alignment. */
  onProgress?: AlignOptions["onProgress"];
  /** Does what can be done beside the rest; default: all here. */
  beside?: Beside;
}

/** Plain data, ready for JSON. */
export interface EvaluationReport {
  kind: "reference" | "halfMaps";
  /**
   * Path of the map and of what it was compared with; null for maps given in memory. Half map 1 stands for the
   * reference.
   */
  map: string | null;
  reference: string | null;
  /** How the map was put onto the reference; null when it was compared as it lay. */
  alignment: AlignmentReport | null;
  fsc: FscResult;
  /** Pearson correlation of the densities, within the mask where there is one. */
  correlation: number;
  mapStatistics: MapStatistics;
  referenceStatistics: MapStatistics;
  /** Of the aligned map, up to the last shell that a half-map was worked at. */
  guinier: { inverseSquareResolution: number[]; logAmplitude: number[] };
}

export interface AlignmentReport {
  /** The map was mirrored in x (as `relion_image_handler --invert_hand`) before it was rotated. */
  mirrored: boolean;
  /** Rows of R in aligned(x) = map(R^T (x - shift)), x from the box centre. */
  rotation: number[][];
  /** RELION Euler angles of R (as `eulerToMatrix` of physics/rotations.ts), degrees. */
  eulerDegrees: { rot: number; tilt: number; psi: number };
  shiftAngstrom: number[];
  /** Mean FSC up to `resolutionAngstrom`, as placed and for the best placement of the other hand. */
  correlation: number;
  correlationOtherHand: number;
  resolutionAngstrom: number;
}

export interface Evaluation {
  report: EvaluationReport;
  /** The map on the grid, and in the orientation and hand, of `reference`. */
  map: Volume;
  reference: Volume;
  /** The second of the unmasked half-maps, where they were given, placed as `map`. */
  unmasked?: Volume;
}

/** Compares a map with a reference. Maps are files or volumes. Throws InputError when a file is not a map. */
export async function evaluateAgainstReference(
  map: DataFile | Volume,
  reference: DataFile | Volume,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  return compare("reference", map, reference, options);
}

/**
 * Compares half map 2 (`b`) with half map 1 (`a`), reconstructed independently. Throws InputError when a file is not a
 * map.
 */
export async function evaluateHalfMaps(
  a: DataFile | Volume,
  b: DataFile | Volume,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  return compare("halfMaps", b, a, options);
}

async function compare(
  kind: EvaluationReport["kind"],
  mapSource: DataFile | Volume,
  referenceSource: DataFile | Volume,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const { mask: maskOption = "auto", seed = 0, beside = here, finestShells } = options;
  const load = async (source: DataFile | Volume, as?: MapOptions) =>
    "open" in source ? await readMap(source, as) : source;
  const original = await load(mapSource, options.mapOptions);
  const originalReference = await load(referenceSource, kind === "halfMaps" ? options.mapOptions : undefined);
  const { map: asItLay, reference } = onCommonGrid(original, originalReference);
  if (typeof maskOption === "object") requireSameGrid(reference, maskOption, "the mask");
  const { map, unmasked, placement } = await placed(asItLay, reference, options);
  const shells = {
      finestShell: Math.min(...(finestShells ?? [shellOn(map, originalReference), shellOn(map, original)])),
      lastShell: finestShells && Math.max(...finestShells),
    },
    compared: [Volume, Volume] = options.unmasked && unmasked ? [options.unmasked[0], unmasked] : [reference, map],
    beforeMask = later(beside("correlationBeforeMask", ...compared, { seed, ...shells }, maskOption !== "none"));
  const mask = buildMask(maskOption, kind === "halfMaps" ? meanOf(map, reference) : reference),
    described = {
      correlation: mapCorrelation(map, reference, mask),
      mapStatistics: mapStatistics(original),
      referenceStatistics: mapStatistics(originalReference),
      guinier: guinierProfile(map, finestShells?.[1]),
    };
  const pathOf = (source: DataFile | Volume) => ("open" in source ? source.path : null);
  return {
    report: {
      kind,
      map: pathOf(mapSource),
      reference: pathOf(referenceSource),
      alignment: placement ? describe(placement) : null,
      fsc: await withinMask(compared, await beforeMask, mask, shells.finestShell, beside),
      ...described,
    },
    map,
    reference,
    ...(unmasked ? { unmasked } : {}),
  };
}

/** Puts a map, and in the same way the one before its mask, onto the reference, where that is asked for. */
async function placed(
  map: Volume,
  reference: Volume,
  { align = true, finestShells, onProgress, beside = here, ...options }: EvaluateOptions,
): Promise<{ map: Volume; unmasked?: Volume | undefined; placement?: FoundPlacement }> {
  const unmasked = options.unmasked?.[1];
  if (!align) return { map, unmasked };
  const lastShell = finestShells?.[1],
    spectrumOfMap = later(beside("spectrumToTurn", map, lastShell)),
    spectrumOfUnmasked = unmasked && later(beside("spectrumToTurn", unmasked, lastShell)),
    placement = findPlacement(map, reference, { onProgress });
  const placedUnmasked =
    unmasked && later(beside("placeSpectrum", (await spectrumOfUnmasked)!, gridOf(unmasked), placement, lastShell));
  const placedMap = placeSpectrum(await spectrumOfMap, gridOf(map), placement, lastShell);
  return {
    map: { ...placedMap, originAngstrom: reference.originAngstrom },
    unmasked: await placedUnmasked,
    placement,
  };
}

/** The FSC, with the curves within the mask where there is one. */
async function withinMask(
  maps: [Volume, Volume],
  before: CorrelationBeforeMask,
  mask: Volume | undefined,
  finestShell: number,
  beside: Beside,
): Promise<FscResult> {
  if (!mask) return fscResult(maps[0], finestShell, before);
  const random = before.randomised && later(beside("maskedCorrelation", before.randomised.maps, mask, finestShell)),
    fscMasked = maskedCorrelation(maps, mask, finestShell);
  return fscResult(maps[0], finestShell, before, { fscMasked, fscPhaseRandomised: await random });
}

const gridOf = ({ data: _, ...grid }: Volume): Omit<Volume, "data"> => grid;

/** The finest shell of a map, counted in shells of another grid. */
function shellOn(grid: Volume, volume: Volume): number {
  const edgeAngstrom = (v: Volume) => v.shape[0] * v.pixelSizeAngstrom;
  return Math.floor((finestShell(volume) * edgeAngstrom(grid)) / edgeAngstrom(volume) + 1e-6);
}

function buildMask(mask: NonNullable<EvaluateOptions["mask"]>, density: Volume): Volume | undefined {
  if (typeof mask === "object") return mask;
  if (mask === "sphere") {
    const n = density.shape[0];
    return { ...density, data: sphericalMask(density.shape, 0.45 * n, 0.1 * n) };
  }
  return mask === "none" ? undefined : automaticMask(density);
}

/** The mean of two maps on one grid. */
export function meanOf(a: Volume, b: Volume): Volume {
  const data = new Float32Array(a.data.length);
  for (let i = 0; i < data.length; i++) data[i] = (a.data[i]! + b.data[i]!) / 2;
  return { ...a, data };
}

function describe(placement: FoundPlacement): AlignmentReport {
  const { rotation, shiftAngstrom, mirrored, correlation, correlationOtherHand, resolutionAngstrom } = placement;
  const degrees = (radians: number) => (radians * 180) / Math.PI;
  const { rot, tilt, psi } = matrixToEuler(rotation);
  return {
    mirrored,
    rotation: [0, 3, 6].map((row) => [...rotation.slice(row, row + 3)]),
    eulerDegrees: { rot: degrees(rot), tilt: degrees(tilt), psi: degrees(psi) },
    shiftAngstrom: [...shiftAngstrom],
    correlation,
    correlationOtherHand,
    resolutionAngstrom,
  };
}
