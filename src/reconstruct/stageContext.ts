/** What every stage works with. */
import type { Optics, Volume } from "../io/types.ts";
import type { Matrix3 } from "../physics/rotations.ts";
import type { ShiftLaw } from "../physics/shift.ts";
import type { ViewingDistribution } from "../physics/viewing.ts";
import type { Device } from "../runtime/device.ts";
import type { StageProgress, StageVolume } from "./checkpoint.ts";
import type { RunDirections, RunTemplates } from "./events.ts";
import type { ParticleStore } from "./particleStore.ts";
import type { Spectra } from "./spectra.ts";

/** Some of the particles' images. */
export interface ImageSample {
  /** Which particles, ascending. */
  particles: Int32Array;
  /** [particles, boxSize, boxSize], from `openImages`. */
  images: Float32Array;
}

export interface StageContext {
  /** Images kept in memory: all particles, or as many of them, drawn at random, as the cache holds. */
  sample: ImageSample;
  /** Edge of the working box, to which images are cropped. */
  boxSize: number;
  boxAngstrom: number;
  count: number;
  optics: Optics;
  spectra: Spectra;
  views: ViewingDistribution;
  shiftLaw: ShiftLaw;
  group: readonly Matrix3[];
  /** Radius of the particle as a fraction of the box edge: images show background beyond it, and density is cut off there unless `mask` says where. */
  maskRadius: number;
  /** Where there may be density. */
  mask?: Volume;
  positivity: boolean;
  device: Device;
  seed: number;
  /** Names the random streams of this set of particles. */
  label: string;
}

/** What stages of refinement work with besides. */
export interface RefinementContext extends StageContext {
  /** All particles. */
  store: ParticleStore;
}

/** What an iteration tells. */
export interface IterationReport {
  iteration: number;
  iterations: number;
  losses?: { criticLoss: number; volumeLoss: number; realLogit: number; fakeLogit: number; gradientPenalty: number; signalAmplitude: number };
  logLikelihood?: number;
}

/**
 * Called after every iteration; takes a checkpoint where it sees fit by calling `snapshot`.
 * @throws an AbortError (after a checkpoint) when the run is to stop
 */
export type AfterIteration = (report: IterationReport, snapshot: () => Promise<StageProgress>) => Promise<void>;

export interface StageResult {
  volume: StageVolume;
  /** Mean over the particles of the last pass. */
  logLikelihood?: number;
  /** [2, count] in units of the box. */
  shifts?: Float32Array;
  /** Most likely pose of each particle, [count, 3, 3], and how well it fits there (localExpectation.ts), [count]. */
  poses?: Float32Array;
  fit?: Float32Array;
  /** The critic's templates, where it has any. */
  templates?: RunTemplates;
  /** From where the particles are seen, after stages of refinement. */
  directions?: RunDirections;
}
