/** The mixtures that classes are measured on. */
import type { Volume } from "../../src/base/types.ts";
import type { SeededCase } from "../seededExperiment.ts";
import type { Mixture } from "./mixture.ts";
import { betagal, type Grid, hingedBetagal, iceBlob, ribosome } from "./structures.ts";

/** What runs of a case are to reach. */
export interface Least {
  /** Share of the particles in the right class; of a motion, |ρ| of z with the true place. */
  right?: number;
  /** Of the junk the share that is found, and of the particles that of those taken for junk, at most. */
  junkFound?: number;
  lost?: number;
}

export interface MixtureCase extends SeededCase {
  least?: Least;
  /** Structures from this number on are junk; absent: none is. */
  junkFrom?: number;
  /** Of a molecule that moves: where each of its structures, one after another, is on its way. */
  course?: readonly number[];
  /** @param share of the particles that the case has in full */
  mixture(share: number): Promise<Omit<Mixture, "seed">>;
}

const wide: Grid = { boxSize: 64, pixelSizeAngstrom: 5.08 },
  narrow: Grid = { boxSize: 64, pixelSizeAngstrom: 3.8 };
const some = (share: number, count: number): number => Math.round(share * count);
/** Chains of the states of β-galactosidase, most particles first. */
const states = ["ABCD", "ABC", "AB", "AC"];
const statesAt = async (share: number): Promise<Omit<Mixture, "seed">> => ({
  components: await Promise.all(
    states.map(async (chains, i) => ({
      volume: await betagal(narrow, chains),
      count: some(share, 2500),
      ...(i === 0 ? { snr: 0.1 } : {}),
    })),
  ),
  shiftSigmaAngstrom: 2,
});
const chains = async (share: number): Promise<Omit<Mixture, "seed">> => ({
  components: [
    { volume: await betagal(narrow), count: some(share, 6000), snr: 0.1 },
    { volume: await betagal(narrow, "ABC"), count: some(share, 4000) },
  ],
  shiftSigmaAngstrom: 2,
});
/** One structure by itself; shifts in Å. */
const single =
  (volume: () => Promise<Volume>, count: number, snr: number, shiftSigmaAngstrom = 0): MixtureCase["mixture"] =>
  async (share) => ({
    components: [{ volume: await volume(), count: some(share, count), snr }],
    shiftSigmaAngstrom,
  });
const withJunk = async (share: number): Promise<Omit<Mixture, "seed">> => ({
  components: [
    { volume: await betagal(narrow), count: some(share, 6000), snr: 0.1 },
    { count: some(share, 3000) },
    ...Array.from({ length: 10 }, (_, i) => ({ volume: iceBlob(narrow, i + 1), count: some(share, 100), snr: 0.1 })),
  ],
  shiftSigmaAngstrom: 2,
});

/** Angles of the hinge, half a degree apart. */
const angles = Array.from({ length: 61 }, (_, i) => i / 2);
const hinge = async (share: number): Promise<Omit<Mixture, "seed">> => ({
  components: await Promise.all(
    angles.map(async (angle, i) => ({
      volume: await hingedBetagal(narrow, angle),
      count: some(share, (20_000 * (i + 1)) / angles.length) - some(share, (20_000 * i) / angles.length),
      ...(i === 0 ? { snr: 0.1 } : {}),
    })),
  ),
  shiftSigmaAngstrom: 0,
});
const sorted = { arguments: ["--classes", "2"], seeds: 1, least: { right: 0.9 } };

export const cases: Record<string, MixtureCase> = {
  mixture: {
    what: "β-galactosidase 60 %, ribosome 40 %, SNR 0.05",
    arguments: ["--classes", "2"],
    seeds: 1,
    least: { right: 0.99 },
    mixture: async (share) => ({
      components: [
        { volume: await betagal(wide), count: some(share, 12_000), snr: 0.05 },
        { volume: await ribosome(wide), count: some(share, 8000), snr: 0.05 },
      ],
      shiftSigmaAngstrom: 0,
    }),
  },
  "betagal-alone": {
    what: "β-galactosidase of that mixture alone",
    seeds: 1,
    mixture: single(() => betagal(wide), 12_000, 0.05),
  },
  "ribosome-alone": {
    what: "ribosome of that mixture alone",
    seeds: 1,
    mixture: single(() => ribosome(wide), 8000, 0.05),
  },
  chains: {
    ...sorted,
    what: "β-galactosidase with four chains 60 %, with three 40 %, SNR 0.1",
    mixture: chains,
  },
  "chains-relion": {
    ...sorted,
    what: "the same, images by relion_project",
    mixture: async (share) => ({ ...(await chains(share)), byRelion: true }),
  },
  junk: {
    what: "β-galactosidase 60 %, noise 30 %, lumps of ice 10 %, SNR 0.1",
    arguments: ["--junk-class", "--symmetry", "D2"],
    seeds: 1,
    least: { junkFound: 0.95, lost: 0.02 },
    junkFrom: 2,
    mixture: withJunk,
  },
  "states-4": {
    what: "four states of β-galactosidase, K = 4",
    arguments: ["--classes", "4"],
    seeds: 1,
    mixture: statesAt,
  },
  "states-6": {
    what: "four states of β-galactosidase, K = 6",
    arguments: ["--classes", "6"],
    seeds: 1,
    mixture: statesAt,
  },
  hinge: {
    what: "β-galactosidase, a half turned by 0 to 30° about a hinge, SNR 0.1",
    arguments: ["--motion", "1"],
    seeds: 1,
    least: { right: 0.9 },
    course: angles,
    mixture: hinge,
  },
  rigid: {
    what: "β-galactosidase, a half turned by 15°, SNR 0.1",
    seeds: 1,
    mixture: single(() => hingedBetagal(narrow, 15), 20_000, 0.1),
  },
  one: {
    what: "β-galactosidase alone, K = 3",
    arguments: ["--classes", "3"],
    seeds: 1,
    mixture: single(() => betagal(narrow), 10_000, 0.1, 2),
  },
};
