/** What CryoGAN by itself is asked to do: data, and what the reconstruction is told of them. */
import { dataSets, largestShift, type SimulationValues } from "../paper/cases.ts";
import type { SeededCase } from "../seededExperiment.ts";
import { betagal, ribosome } from "../simulated.ts";

/** Images of a stack of backgrounds that are the data's; the others are the simulator's. */
const bank = "data/betagal-background-192.mrcs",
  ofData = "odd",
  ofSimulator = "even";

/** The paper's data with noise of which the simulator sees none. */
const fair = (of: SimulationValues): SimulationValues => ({ ...of, noise: "varied", noiseImages: ofData });
const fairNoise = ["--noise-bank", bank, "--noise-images", ofSimulator];

/** Options of `cryogan simulate`, but for the folder. */
export const simulated = {
  paper: fair(dataSets.centred),
  "paper-shifted": fair(dataSets.shifted),
  // Nyquist: 7.7 Å.
  "betagal-64": { ...betagal(41_000, 0.05), pixelSize: 3.85 },
  "ribosome-32": ribosome(32, 20_000, 0.1),
} satisfies Record<string, Record<string, unknown>>;

export interface CryoganCase extends SeededCase {
  /** A simulated data set, or real particles beside their known structure. */
  data: keyof typeof simulated | { particles: string; reference: string };
  arguments: string[];
}

/** No likelihood, whatever else is said. */
const alone = (...more: string[]): string[] => ["--method", "cryogan", ...more];
const centred = ["--max-shift", "0"],
  d2 = ["--symmetry", "D2"],
  apoferritin = "data/apoferritin";

export const cases: Record<string, CryoganCase> = {
  paper: {
    what: "the paper's, D2, centred",
    data: "paper",
    seeds: 3,
    arguments: alone(...d2, ...centred, ...fairNoise),
  },
  shifted: {
    what: "the same with shifts of ±3 %",
    data: "paper-shifted",
    seeds: 3,
    arguments: alone(...d2, "--max-shift", largestShift, ...fairNoise),
  },
  c1: { what: "the paper's, C1, centred", data: "paper", seeds: 3, arguments: alone(...centred, ...fairNoise) },
  "betagal-64": {
    what: "β-galactosidase, 64 px, SNR 0.05, white, D2",
    data: "betagal-64",
    seeds: 3,
    arguments: alone(...d2, ...centred),
  },
  "ribosome-32": {
    what: "ribosome, 32 px, SNR 0.1, white, C1",
    data: "ribosome-32",
    seeds: 10,
    arguments: alone(...centred),
  },
  apoferritin: {
    what: "apoferritin, O (real)",
    data: { particles: `${apoferritin}/particles.star`, reference: `${apoferritin}/reference.mrc` },
    seeds: 3,
    arguments: alone("--symmetry", "O"),
  },
};
