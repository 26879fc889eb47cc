/** What every stage of a reconstruction takes and gives. */
import type { Optics, ParticleSet, Volume } from "../base/types.ts";
import type { Matrix3 } from "../physics/rotations.ts";
import type { ShiftLaw } from "../physics/shift.ts";
import type { ViewingDistribution } from "../physics/viewing.ts";
import type { Device } from "../runtime/device.ts";
import type { Processes } from "../runtime/processes.ts";
import type { NoiseImages } from "./measure/noiseImages.ts";
import type { Spectra } from "./measure/spectra.ts";

/** Some of the particles' images. */
export interface ImageSample {
  /** Which particles, ascending. */
  particles: Int32Array;
  /** [particles, boxSize, boxSize], from `openImages`. */
  images: Float32Array;
}

/** x, y, z from the middle of the box, floor(n/2), in units of its edge. */
export type Place = readonly [number, number, number];

/** The images of a set of particles, and what holds for all stages. */
export interface ImageContext {
  /** Images kept in memory: all particles, or as many of them, drawn at random, as the cache holds. */
  sample: ImageSample;
  /** Edge of the working box, to which images are cropped. */
  boxSize: number;
  boxAngstrom: number;
  count: number;
  optics: Optics;
  spectra: Spectra;
  /** For the simulator; absent: normal noise. */
  noiseImages?: NoiseImages;
  views: ViewingDistribution;
  /** Rotations of the point group of each class; one, unless several are asked for. */
  groups: readonly (readonly Matrix3[])[];
  /** Whether there is a class of images without a particle, or of something else, besides. */
  junk?: boolean;
  /**
   * Radius of the particle as a fraction of the box edge: images show background beyond it, and density is cut off
   * there unless `mask` says where.
   */
  maskRadius: number;
  /** Of the sphere of each class; absent: the middle of the box. */
  maskCentres?: readonly Place[];
  /** Where there may be density. */
  mask?: Volume;
  positivity: boolean;
  device: Device;
  /** Who work on this together. */
  processes: Processes;
  seed: number;
  /** Names the random streams of this set of particles. */
  label: string;
}

export interface StageContext extends ImageContext {
  /** That shifts follow, as far as the stage sees them. */
  shiftLaw: ShiftLaw;
}

/** What an iteration tells. */
export interface IterationReport {
  iteration: number;
  iterations: number;
  losses?: {
    criticLoss: number;
    volumeLoss: number;
    realLogit: number;
    fakeLogit: number;
    gradientPenalty: number;
    signalAmplitude: number;
    heldOutLogit?: number;
    noiseScale?: number;
  };
  logLikelihood?: number;
  /** Of several classes: the share of each, junk last. */
  shares?: number[];
}

/**
 * Called after every iteration, and inside of long ones, by all processes of the job at the same points; takes a
 * checkpoint where it sees fit by calling `snapshot`.
 * @param snapshot absent where none can be taken: inside of an iteration that several processes share
 * @param density what the stage has come to, at its own box; absent where it is as it was. A process may ask for it by
 *   itself.
 * @returns how many iterations the stage is to have, where that has changed
 * @throws an AbortError (after a checkpoint) when the run is to stop
 */
export type AfterIteration = (
  report: IterationReport,
  snapshot?: () => Promise<StageProgress>,
  density?: () => Promise<StageVolume>,
) => Promise<number | undefined>;

/** Densities [classes, n, n, n] of two halves of the particles, in poses found with one density, before any mask. */
export type HalfVolumes = readonly [Float32Array, Float32Array];

export interface StageResult {
  volume: EstimatedVolume;
  /** Of the last pass of a stage of refinement. */
  halfSamples?: HalfVolumes;
  /** Share of the particles of each class, the class of junk last; absent where there is one class alone. */
  shares?: Float32Array;
  /** Posterior probability of each class for each particle, [classes, count], junk last; likewise. */
  memberships?: Float32Array;
  /** Mean over the particles of the last pass. */
  logLikelihood?: number;
  /** After an adversarial stage: the critic's loss, over about as many iterations as its volume is an average of. */
  criticLoss?: number;
  /** [2, count] in units of the box. */
  shifts?: Float32Array;
  /** [count], after local stages where shifts are searched for; 1 is the mean. */
  scales?: Float32Array;
  /**
   * Most likely pose of each particle in each class, [classes, count, 3, 3], and how well it fits there
   * (localExpectation.ts), [count].
   */
  poses?: Float32Array;
  fit?: Float32Array;
  /** Of several classes: posterior probability of each particle's most likely pose in its class, [count]. */
  peaks?: Float32Array;
  /** The critic's templates, where it has any. */
  templates?: RunTemplates;
  /** Weights of the distribution of viewing directions (likelihood/viewPrior.ts) of each class, after refinement. */
  viewWeights?: Float32Array;
  /** From where the particles of each class are seen, after stages of refinement. */
  directions?: RunDirections[];
}

/** Densities in the scale of the stages (see `density` in volume.ts), [classes, n, n, n]. */
export interface StageVolume {
  n: number;
  data: Float32Array;
}

/** The density that a stage ends with. */
export interface EstimatedVolume extends StageVolume {
  /** The same before the mask, and before negative density was cut off: what the images say by themselves. */
  unmasked: Float32Array;
}

/** Inside a stage. */
export interface StageProgress {
  /** Iterations done. */
  iteration: number;
  /** Tensors of the stage, by name. */
  tensors: Record<string, Float32Array>;
  /** States of the random streams, by name. */
  streams: Record<string, number[]>;
}

export interface AdversarialStage {
  kind: "adversarial";
  /** Highest frequency, in Fourier pixels; the volume's box is twice that. */
  maxRadius: number;
  iterations: number;
  /** Number of an independent start, from 0: begins anew, whatever stands before. */
  start?: number;
  /** Ends a start of a run without likelihood: of several, the one that the critic tells least is gone on with. */
  endsStart?: boolean;
  /** Comes after the starts: goes on from the map of the stage before at a finer shell. */
  onward?: true;
  /** Components of a molecule that moves, which are found beside its mean. */
  components?: number;
}
export interface RefinementStage {
  kind: "refinement";
  maxRadius: number;
  iterations: number;
  /** Particles drawn for each iteration; all of them where there are fewer. */
  particles: number;
  /** Ends a start: of several, the one of highest log-likelihood is gone on with. */
  endsStart?: boolean;
  /** A pass sees a sample too small to tell whether the likelihood still rises: all passes are done. */
  sampled?: boolean;
}
/** Refinement over the poses near the most likely one. */
export interface LocalStage {
  kind: "local";
  maxRadius: number;
  iterations: number;
  particles: number;
  /** Radius at which poses are searched for before the stage, where not the usual one (run/placement.ts). */
  searchRadius?: number;
}
/** Refinement of a molecule that moves, after the others (likelihood/motionStage.ts). */
export interface MotionStage {
  maxRadius: number;
  iterations: number;
}
export type Stage = AdversarialStage | RefinementStage | LocalStage;

/** Decided once and kept, so that a resumed run does the same as an uninterrupted one. */
export interface Schedule {
  stages: Stage[];
  /** Radius that an automatic schedule is to reach; absent where the user set the stages. */
  goal?: number;
  /** Set where a density was given to start from, so that no stage finds one. */
  given?: true;
  /** Absent before the images are read. */
  spectra?: Spectra;
  workingBox: number;
  /** The working box from the next stage on, where the images are to be read anew. */
  nextBox?: number;
  /** What it is laid out for. */
  request: TimeAndShells;
  /** Set where the request is another one since the stage at work began. */
  reopened?: boolean;
  /**
   * What the shape that was found at low resolution was worth (run/finer.ts): nothing more is to be tried, or starts
   * at a finer shell were laid out.
   */
  finer?: "not needed" | "tried";
}

/** What a run that goes on may be asked for anew. */
export interface TimeAndShells {
  /** Seconds. */
  timeLimit?: number;
  /** Å. */
  resolution?: number;
}

/** Parts of a run that are timed apart. */
export type Task = Stage["kind"] | "search" | "loading";

/** How the machine compares with the one that costs are estimated for (run/cost.ts), as measured last. */
export interface Paces extends Partial<Record<Task, { factor: number; overheadSeconds: number }>> {
  /** Seconds that a second of the estimate takes, in the stage measured last. */
  latest?: number;
}

/** A set of particles that is reconstructed by itself. */
export interface Part {
  set: ParticleSet;
  label: string;
  map: "map.mrc" | "half1.mrc" | "half2.mrc";
  checkpoint: string;
  half?: 1 | 2;
  /** Of a half: where its particles stand among all. */
  positions?: Int32Array;
}

/** What a set of particles came to, at its own box and pixel size. */
export interface ReconstructedMap {
  map: Volume;
  /** The same before the mask. */
  unmasked: Volume;
  /** Fourier shell that both end at. */
  finestShell: number;
}

/** What the critic looks for: its templates as images. */
export interface RunTemplates {
  boxSize: number;
  /** Row-major images, flattened. */
  images: number[][];
}

/**
 * Distribution of viewing directions over the asymmetric unit of the point group; a direction and its opposite are one.
 */
export interface RunDirections {
  /** RELION's rot and tilt of the middle of each cell, degrees; cells have about the same solid angle. */
  rot: number[];
  tilt: number[];
  /** Share of the particles in each cell, by their posterior probability; sums to 1. */
  share: number[];
  /** Of several classes: the group of the largest, whose directions these are. */
  symmetry?: string;
  half?: 1 | 2;
}

/** What there is to see of the classes, where there are several, or one of junk, after a stage. */
export interface RunClasses {
  half?: 1 | 2;
  /** Edge of the images. */
  boxSize: number;
  boxAngstrom: number;
  classes: ShownClass[];
}

export interface ShownClass {
  /** From 1; with `--half-maps`, in the half. */
  number: number;
  share: number;
  junk?: true;
  /** Its density along its axes z, y and x; row-major images, flattened. None of junk. */
  projections: number[][];
  /** A few of the images that are most likely of it, whitened and low-passed as those of examples.json. */
  particles: number[][];
  /** Fourier shell correlation of two halves of its particles, in poses found with one map, of shells 1, 2, … */
  agreement?: number[];
  directions?: RunDirections;
}
