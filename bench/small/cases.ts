/** Small molecules: what is imaged, and how. Paths start from the root of the repository. */
import type { SimulationValues } from "../paper/cases.ts";
import type { SeededCase } from "../seededExperiment.ts";
import type { Exposure } from "./exposure.ts";
import type { Micelle, Residues } from "./molecule.ts";

export interface SmallMolecule {
  residues: readonly Residues[];
  micelle?: Micelle;
  /** Pixel size of the images of 64 px: a box of about twice the particle. */
  pixelSizeAngstrom: number;
}

export interface SmallCase extends SeededCase {
  molecule: keyof typeof molecules;
  /** Further options of `cryogan simulate`. */
  simulated?: SimulationValues;
}

export const model = "data/5a1a.cif.gz";
export const boxSize = 64;

/** Domains of β-galactosidase (Juers et al. 2000, Protein Sci. 9, 1685); `massOf` tells the masses. */
const first: Residues = [1, 217],
  barrel: Residues = [334, 625],
  fourth: Residues = [626, 725];

export const molecules = {
  monomer: { residues: [first, barrel], pixelSizeAngstrom: 2.5 },
  membrane: { residues: [barrel, fourth], micelle: { about: barrel, towards: fourth }, pixelSizeAngstrom: 2.75 },
} satisfies Record<string, SmallMolecule>;

/** See README.md for where these come from. */
export const exposure: Exposure = {
  electronsPerSquareAngstrom: 20,
  defocusAngstrom: [8_000, 20_000],
  microscope: { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1, bFactorAngstrom2: 75 },
};

/** Options of `cryogan simulate` that all cases share. */
export const simulation: SimulationValues = {
  particles: "20000",
  box: String(boxSize),
  defocusRange: exposure.defocusAngstrom.map((defocus) => defocus / 1e4).join(","),
  voltage: String(exposure.microscope.voltageKv),
  cs: String(exposure.microscope.sphericalAberrationMm),
  amplitudeContrast: String(exposure.microscope.amplitudeContrast),
  bFactor: String(exposure.microscope.bFactorAngstrom2),
  noise: "spectrum",
  noiseBank: "data/betagal-background-192.mrcs",
  shiftSigma: "3",
  float16: true,
  seed: "1",
};

export const cases: Record<string, SmallCase> = {
  monomer: { what: "58 kDa, soluble", seeds: 10, molecule: "monomer" },
  membrane: { what: "45 kDa in a micelle", seeds: 10, molecule: "membrane" },
  // About the box's z axis: e⁴ = 55 times as many views from there as from opposite to it.
  "monomer-preferred": {
    what: "58 kDa, soluble, preferred views",
    seeds: 10,
    molecule: "monomer",
    simulated: { views: "vmf", kappa: "2" },
  },
};
