import type { Method } from "../method.ts";
import type { Evidence, FoundAgain, Verdict } from "../verdict/verdict.ts";

/**
 * What a reconstruction tells the world while it runs: one JSON object per line in `events.jsonl`.
 * The terminal, the report and the live page consume these and the files of the run folder, nothing else.
 */
export type RunEvent =
  | {
      type: "start";
      time: string;
      particles: number;
      boxSize: number;
      pixelSizeAngstrom: number;
      symmetry: string;
      /** How many classes of particles, where several, and whether there is one of junk besides. */
      classes?: number;
      junkClass?: true;
      /** cryogan: adversarial stages alone; refined: with likelihood. Absent in the files of earlier versions. */
      method?: Method;
      /** Of the sphere beyond which there is background; as asked for, or as the images show the particle. */
      maskDiameterAngstrom?: number;
      /** Standard deviation of particles from the centres of their boxes along each axis, as taken; likewise. */
      shiftSigmaAngstrom?: number;
      device: string;
      seed: number;
      /** Of the program, where it ran, and its command line; absent in the files of earlier versions. */
      version?: string;
      machine?: string;
      command?: string;
      half?: 1 | 2;
      /** In the file's first line: how often older events were left out of it (see eventLog.ts). */
      thinned?: number;
    }
  | { type: "loading"; time: string; done: number; particles: number; half?: 1 | 2 }
  | {
      type: "stage";
      time: string;
      stage: number;
      stages: number;
      /** The last two with --motion, after the stages: its components, and the maps along one. */
      kind: "adversarial" | "refinement" | "local" | "motion" | "series";
      boxSize: number;
      resolutionAngstrom: number;
      iterations: number;
      /** Of several independent starts: the number of the stage's, from 1, of so many as are laid out by then. */
      start?: number;
      starts?: number;
      half?: 1 | 2;
    }
  | {
      type: "progress";
      time: string;
      stage: number;
      iteration: number;
      iterations: number;
      /**
       * Seconds of computation so far, of both halves and restarts included, and the estimate for what is left, the
       * joining of the halves included.
       */
      elapsedSeconds: number;
      remainingSeconds: number;
      /** Adversarial stages only. */
      criticLoss?: number;
      volumeLoss?: number;
      /** Mean critic output on real and on simulated images. */
      realLogit?: number;
      fakeLogit?: number;
      gradientPenalty?: number;
      /** Learned amplitude of the signal relative to the estimate from the data. */
      signalAmplitude?: number;
      /** With --critic volume: the same on particles that the critic never learns from. */
      heldOutLogit?: number;
      /** With a bank of noise: the learned scale of its images, relative to the level of the particles' background. */
      noiseScale?: number;
      /** Refinement stages, after each iteration: mean log-likelihood of an image relative to pure noise. */
      logLikelihood?: number;
      /** Of several classes, or with one of junk: the share of each, that of junk last. */
      shares?: number[];
      half?: 1 | 2;
    }
  | { type: "checkpoint"; time: string; stage: number; iteration: number; path: string; half?: 1 | 2 }
  | {
      type: "warning";
      time: string;
      message: string;
      /** What the run is laid out for from here on, where that alone is told: a later one says it anew. */
      plannedAngstrom?: number;
      half?: 1 | 2;
    }
  /** density.mrc was written: the density as it stands inside of a stage. */
  | { type: "density"; time: string; stage: number; iteration: number; half?: 1 | 2 }
  /** Of several starts one is gone on with. */
  | {
      type: "choice";
      time: string;
      /** From 1. */
      start: number;
      /** Of each start, the higher the better: mean log-likelihood of an image, or by the critic its loss. */
      merits: number[];
      by: "likelihood" | "critic";
      half?: 1 | 2;
    }
  | { type: "map"; time: string; path: string; stage: number; iteration: number; half?: 1 | 2 }
  | {
      type: "finished";
      time: string;
      elapsedSeconds: number;
      map: string;
      /** Resolution of the finest shell in the map; of two half-maps the coarser one's. */
      finestAngstrom: number;
      /** Which of the two the map is; cryogan, too, where the time limit left no time to refine. */
      method?: Method;
      /** Where the FSC of two half-maps falls below 0.143; absent when already the first shell is below. */
      resolutionAngstrom?: number;
      /** It is still above at the finest shell, which is then the resolution: this or better. */
      resolutionOrBetter?: true;
      /** Of several classes, or with one of junk; `map` is that of the largest. */
      classes?: ClassResult[];
      /** With --motion. */
      motion?: MotionResult;
      /** Whether the structure was found; in the files of earlier versions there is none. */
      verdict?: Verdict;
    }
  /** After Ctrl-C; --resume goes on. */
  | { type: "stopped"; time: string }
  | { type: "failed"; time: string; message: string };

/** The density as it stands, until the run has finished. */
export const densityFile = "density.mrc";

/** An event without its time. */
export type UntimedEvent = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, "time"> : never) : never;

/**
 * Files of a run folder (all paths relative to it):
 *   config.json       the options by their names on the command line, and under `used` what the run made of them
 *   input.json        what the run began with: counts and checksums of the particle list, sizes and times of the stacks
 *   events.jsonl      RunEvent, one per line, appended; of progress one a second, thinned later (see eventLines.ts)
 *   run.pid           while the run goes on: its process (see runProcess.ts)
 *   log.txt           what the command printed, of a run that the live page started
 *   postprocess-1, export-1, …   what the live page made of the map
 *   map.mrc           the final (or latest) map; half1.mrc, half2.mrc with --half-maps, at its end
 *                     also half1_unmasked.mrc, half2_unmasked.mrc and half2_unaligned.mrc
 *   class1.mrc …      with --classes, a map of each; map.mrc is that of the largest. With --half-maps, at its end
 *                     also class1_half1.mrc, class1_fsc.json and the others, of each class that both halves have
 *   mean.mrc, component1.mrc … and motion1_01.mrc …
 *                     with --motion, the mean and the components of the motion, and the maps along each
 *   particles.star    with --classes, --junk-class or --motion, at the end: classes, or z along the components, poses
 *   and shifts as they were found
 *   density.mrc       until the run has finished: the density as it stands, at the box of its stage, every few seconds
 *   checkpoint.bin    latest checkpoint (checkpoint-half1.bin, checkpoint-half2.bin); the one before it is
 *   checkpoint.previous.bin
 *   examples.json     a few particle images beside simulated projections, written anew after each stage (see
 *   RunExamples)
 *   templates.json    the critic's templates, or views of its volume, at the end of the last adversarial stage (see
 *   RunTemplates); not with the convolutional critic
 *   directions.json   how many particles are seen from where (see RunDirections), after each stage of refinement
 *   classes.json      with several classes, or one of junk: what there is to see of each (see RunClasses), after each
 *                     stage; with --half-maps of half 1, which has the numbers of the run
 *   spectra.json      measured noise and signal power (see RunSpectra)
 *   repeat2, …        with --repeats, run folders of the others
 *   result.json       the verdict of the run, and what it rests on (see RunVerdict)
 *   fsc.json          FscResult (evaluate/), after half maps or evaluation
 *   report.html       self-contained report
 */
export interface RunExamples {
  boxSize: number;
  /** Row-major images, flattened, whitened and low-passed to the resolution in use. */
  real: number[][];
  simulated: number[][];
  /** Noise-free projections of the current map. */
  projections: number[][];
}

export interface RunSpectra {
  /** Spatial frequency of each shell in 1/Å. */
  frequency: number[];
  noisePower: number[];
  /** Radial power of the molecule's Fourier transform estimated from the images, P(k). */
  signalPower: number[];
}

/** One of several classes, or the one of junk. */
export interface ClassResult {
  /** From 1, as in particles.star. */
  number: number;
  /** Of the images. */
  share: number;
  /** Images that are most likely of this class; absent where they were not told one by one. */
  particles?: number;
  /** Absent of junk, and where the class is empty. */
  map?: string;
  symmetry?: string;
  /**
   * Å: to which two halves of its particles agree (0.143), in poses found with one map; finer than halves that are
   * reconstructed apart. With `--half-maps`: of these, by `fsc`.
   */
  resolutionAngstrom?: number;
  /** With `--half-maps`: this or better, and the FSC of its halves. */
  resolutionOrBetter?: true;
  fsc?: string;
  /** With `--half-maps`: in this half alone. */
  half?: 1 | 2;
  junk?: true;
  empty?: true;
}

/** How a molecule moves: its density is that of `mean` plus the sum over the components of z times their maps. */
export interface MotionResult {
  mean: string;
  /** Å: to which these were worked out. */
  resolutionAngstrom: number;
  components: {
    /** From 1, as in particles.star. */
    number: number;
    map: string;
    /** Of the component over that of the mean; z has the variance 1. */
    power: number;
    series: {
      map: string;
      z: number;
      /** Of the particles. */
      share: number;
      /** Å: to which two halves of its particles agree (0.143), in poses found with one map. */
      resolutionAngstrom?: number;
    }[];
  }[];
}

/** Content of result.json. */
export interface RunVerdict extends Verdict {
  evidence: Evidence;
  /** Where there were several, or one of junk. */
  classes?: ClassResult[];
  /** With `--motion`. */
  motion?: MotionResult;
  /** With `--repeats`. */
  repeats?: FoundAgain;
}
