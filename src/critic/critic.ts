/**
 * What a critic is to the adversarial iteration. Three exist: `volume.ts` (default), `likelihoodRatio.ts` (of
 * several classes) and `convolutional.ts` (the paper's).
 */
import type { Complex } from "../physics/complex.ts";
import type { FrequencyGrid } from "../physics/frequencies.ts";
import type { RandomStream } from "../runtime/random.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";

/** Images as a critic sees them, by name; the batch is the last axis of each. */
export type CriticInput = Readonly<Record<string, Tensor>>;

/** What a critic may know of an iteration beside images. */
export interface CriticScene {
  /** Fourier table of the volume that images are simulated from (physics/project.ts), without its gradient. */
  table: Tensor;
  /** Where the table holds several volumes (`fourierTables`): log of the share of images of each, [volumes, 1]. */
  logShares?: Tensor;
  /** The critic's random draws for this iteration. */
  draws: Readonly<Record<string, Tensor>>;
}

/** What the images of a stage are like; everything a critic needs to know before it sees any. */
export interface ImageStatistics {
  /** Highest frequency in use, in Fourier pixels. */
  maxRadius: number;
  /** Power of the noise on shells 0, 1, 2, …, of the unnormalised transform of an image. */
  noisePower: ArrayLike<number>;
  /** Power of the projections on the same shells, before the CTF. */
  signalPower: ArrayLike<number>;
}

/**
 * An image turned (or mirrored) about its centre: sample i is sample `from[i]` of the original, complex conjugated
 * where `conjugate[i]` is 1.
 */
export interface SampleMap {
  from: Int32Array;
  conjugate: Uint8Array;
}

export interface CriticModel {
  name: string;
  /** The frequencies at which images reach the critic. */
  grid: FrequencyGrid;
  /** Turns and mirrorings that map the grid onto itself. */
  turns: readonly SampleMap[];
  /**
   * Factor for each sample of the grid that makes noise white and gives the sample the weight of its area.
   * @param noisePower power of the noise on shells 0, 1, 2, …
   */
  whitening(noisePower: ArrayLike<number>): Float32Array;
  /** What the critic learns. */
  parameters: Readonly<
    Record<
      string,
      {
        shape: Shape;
        /**
         * Values to start learning from.
         * @param start coefficients that the simulator's volume starts from (reconstruct/adversarial/volume.ts)
         */
        initial(stream: RandomStream, start: Float32Array): Float32Array;
      }
    >
  >;
  /** What it draws anew for each iteration, the same for all images of it; absent: nothing. */
  draws?: {
    shapes: Readonly<Record<string, Shape>>;
    draw(stream: RandomStream): Record<string, Float32Array>;
  };
  /** Shapes of the entries of a `CriticInput` for one image. */
  inputs: Readonly<Record<string, Shape>>;
  /** The entry that holds the image; gradient penalties are on the slope in it. */
  image: string;
  /**
   * The critic's view of images. Real and simulated images take this same way, so that nothing but their content can
   * differ.
   *
   * @param whitened transforms on the grid multiplied by `whitening`, [samples, batch]
   * @param ctf      [samples, batch]
   */
  view(whitened: Complex, ctf: Tensor): CriticInput;
  /** Critic output, high for images taken for real: [batch]. */
  judge(parameters: Readonly<Record<string, Tensor>>, input: CriticInput, scene: CriticScene): Tensor;
}
