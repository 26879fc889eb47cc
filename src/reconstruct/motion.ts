/** What is told of a molecule that moves: its density is V₀ + Σ z_j·V_j, with z of each particle its own. */
import type { StageVolume } from "./stage.ts";

export interface MotionModel {
  /** Edge of the densities. */
  n: number;
  /** The mean and the components, [1 + components, n, n, n]. */
  volumes: Float32Array;
  /** Power that each is expected to have on shells 0 to n/2, [1 + components, n/2 + 1]. */
  power: Float32Array;
}

/** What images tell of z. */
export interface Latent {
  /** Posterior means, [components, count]. */
  means: Float32Array;
  /** Posterior means of the products of two of them, [pairs of components, count]. */
  moments: Float32Array;
}

/** What is known of a molecule that moves, and of its particles. */
export interface MotionFound {
  model: MotionModel;
  latent: Latent;
  /** [count, 3, 3] and [2, count] */
  placement: { poses: Float32Array; shifts: Float32Array };
  scales?: Float32Array | undefined;
}

/** Maps along a component of a molecule that moves. */
export interface MotionSeries {
  /** z of each. */
  places: number[];
  /** [maps, n, n, n] */
  volume: StageVolume;
  /** Of the particles. */
  shares: number[];
  /** Fourier shell correlation of two halves of the particles of each, of shells 1, 2, … */
  agreement?: number[][];
}

/** What was found of a molecule that moves, after the stages. */
export interface MotionState {
  /** Steps done (run/motion.ts). */
  steps: number;
  /** The mean and the components that the adversarial stage came to, until likelihood finds others. */
  start?: StageVolume;
  found?: MotionFound;
  /** Of each component, as far as they are done. */
  series: MotionSeries[];
  /** Poses and shifts in the maps of the first. */
  placement?: MotionFound["placement"];
}
