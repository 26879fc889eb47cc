/** The cases of the paper's experiment: which data each takes, and what the reconstruction is told. */

/** Values of the options of `cryogan simulate`, without the folder. */
export type SimulationValues = Record<string, string | boolean>;

const boxSize = 192,
  pixelSizeAngstrom = 1.274;

/** B-factor whose envelope exp(-B s²/4) falls to 0.2 at the Nyquist frequency of 1/(2 · 1.274 Å), Å². */
const bFactor = "41.795";

/** Half-width of the triangular distribution of shifts, as a share of the box. */
const shiftExtent = 0.03;

/**
 * The paper's synthetic data (Gupta et al. 2021, IEEE Trans. Comput. Imaging 7, 759): 41,000 projections of
 * β-galactosidase, measured defocus values, noise from real micrographs. Paths start from the root of the repository.
 */
const paper: SimulationValues = {
  model: "data/5a1a.cif.gz",
  symmetricFrame: true,
  particles: "41000",
  box: String(boxSize),
  pixelSize: String(pixelSizeAngstrom),
  defocusTable: "data/betagal-defocus.csv",
  voltage: "300",
  cs: "2.7",
  amplitudeContrast: "0.07",
  bFactor,
  noise: "extended",
  noiseBank: "data/betagal-background-192.mrcs",
  snr: "0.01",
  float16: true,
  seed: "1",
};

export const dataSets = {
  centred: paper,
  shifted: { ...paper, shiftTriangular: String(shiftExtent) },
  "low-snr": { ...paper, snr: "0.002" },
  junk: { ...paper, junk: "0.2" },
  // About a twofold axis of the molecule: cosh(3) = 10 times as many views from there as from any direction across it.
  preferred: { ...paper, views: "vmf", kappa: "3" },
} satisfies Record<string, SimulationValues>;

export interface PaperCase {
  what: string;
  data: keyof typeof dataSets;
  /** Options of `cryogan reconstruct`. */
  arguments: string[];
}

/** Å, as an option. */
export const largestShift = (shiftExtent * boxSize * pixelSizeAngstrom).toFixed(2);

const d2 = ["--symmetry", "D2"],
  centred = ["--max-shift", "0"];

export const cases: Record<string, PaperCase> = {
  centred: { what: "the paper's data, D2", data: "centred", arguments: [...d2, ...centred] },
  shifted: {
    what: "with shifts, D2",
    data: "shifted",
    arguments: [...d2, "--max-shift", largestShift],
  },
  c1: { what: "C1", data: "centred", arguments: ["--symmetry", "C1", ...centred] },
  quarter: {
    what: "a quarter of the particles, D2",
    data: "centred",
    arguments: [...d2, ...centred, "--particles", "10250"],
  },
  "low-snr": { what: "a fifth of the SNR, D2", data: "low-snr", arguments: [...d2, ...centred] },
  junk: { what: "20 % pure noise, D2", data: "junk", arguments: [...d2, ...centred] },
  preferred: { what: "preferred views, D2", data: "preferred", arguments: [...d2, ...centred] },
};
