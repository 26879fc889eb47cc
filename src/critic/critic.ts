/**
 * What a critic is to the adversarial iteration. Two exist: `likelihoodRatio.ts` (default) and `convolutional.ts` (the
 * paper's).
 */
import type { Complex } from "../physics/complex.ts";
import type { FrequencyGrid } from "../physics/frequencies.ts";
import type { RandomStream } from "../runtime/random.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";

/** Images as a critic sees them, by name; the batch is the last axis of each. */
export type CriticInput = Readonly<Record<string, Tensor>>;

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
        /** Values to start learning from. */
        initial(stream: RandomStream): Float32Array;
      }
    >
  >;
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
  judge(parameters: Readonly<Record<string, Tensor>>, input: CriticInput): Tensor;
}
