/**
 * CryoGAN by itself, without any likelihood, on simulated and real particles; prints a table, asserts nothing.
 *
 *   npm run experiment:cryogan -- [--cases paper,shifted,…] [--seeds n] [--from 1] [--folder tmp/cryogan]
 *   [--time-limit 60m] [--threads n] [--data-only] [-- options of reconstruct]
 *
 * See ../README.md for the cases.
 */
import { join, resolve } from "node:path";
import { compareHands, meanOfShells } from "../../src/evaluate/hands.ts";
import { disk } from "../../src/io/disk.ts";
import { runExperiment } from "../experimentArguments.ts";
import { ensureDataSet } from "../paper/dataSet.ts";
import { type AgainstTruth, againstTruth } from "../paper/truth.ts";
import { runSeeds } from "../seededExperiment.ts";
import { cases, simulated } from "./cases.ts";
import { tableHead, tableRow } from "./table.ts";

/** 20 to 11.4 Å in the box of 240 Å of the real particles. */
const finerShells = [12, 21] as const;

interface Data {
  particles: string;
  truth: string;
  /** Whether the axes of the truth are those of the map. */
  known: boolean;
}

async function ensureData(folder: string, name: string, threads: number | undefined): Promise<Data> {
  const { data } = cases[name]!;
  if (typeof data !== "string")
    return { particles: resolve(data.particles), truth: resolve(data.reference), known: true };
  const made = join(folder, "data", data);
  await ensureDataSet(made, simulated[data], threads);
  return { particles: join(made, "particles.star"), truth: join(made, "truth.mrc"), known: false };
}

async function compare(map: string, { truth, known }: Data): Promise<AgainstTruth & { meanFsc?: number }> {
  const compared = await againstTruth(map, truth);
  if (!known) return compared;
  const { report } = await compareHands(disk.at(map), disk.at(truth), finerShells);
  return { ...compared, meanFsc: meanOfShells(report.fsc.fsc, finerShells) };
}

await runExperiment((argv) =>
  runSeeds(argv, {
    cases,
    usual: Object.keys(cases),
    folder: "tmp/cryogan",
    timeLimit: "60m",
    ensureData,
    compare,
    head: tableHead,
    row: tableRow,
  }),
);
