/** What a user may ask for. */
import type { DeviceRequest } from "../runtime/device.ts";
import type { Stage } from "./stage.ts";

export const criticNames = ["likelihood-ratio", "convolutional"] as const;
export type CriticName = (typeof criticNames)[number];
export const lossNames = ["logistic-r1", "wgan-gp"] as const;
export type LossName = (typeof lossNames)[number];

export interface ReconstructOptions {
  particles: string;
  out: string;
  symmetry: string;
  maximumBoxSize?: number;
  resolutionAngstrom?: number;
  timeLimitSeconds?: number;
  stages?: Stage[];
  particleLimit?: number;
  projectRoot?: string;
  passthrough?: string;
  /** Only particles of these optics groups, by number or name. */
  opticsGroups?: string[];
  /** STAR or .cs file of particles to leave out. */
  exclude?: string;
  /** Density is dark in the images. */
  invertContrast?: boolean;
  /** The phases of the images were flipped. */
  ctfPhaseFlipped?: boolean;
  maskDiameterAngstrom?: number;
  /** A map of where there may be density, 0 to 1; its box and pixel size are its own. */
  mask?: string;
  positivity?: boolean;
  maximumShiftAngstrom?: number;
  viewsFile?: string;
  critic: CriticName;
  loss?: LossName;
  halfMaps: boolean;
  resume: boolean;
  /** Replaces a run that the folder holds; without it, and without `resume`, such a folder is refused. */
  overwrite: boolean;
  /** Memory for particles, default 2 GB; what does not fit goes to a scratch file in the run folder. */
  cacheBytes?: number;
  /** Time between checkpoints, default 60. */
  checkpointSeconds?: number;
  device: DeviceRequest;
  threads?: number;
  seed: number;
}

/** Fewer make no map: a batch of the critic holds 128. */
export const fewestParticles = 128;
