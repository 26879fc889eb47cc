/**
 * Small molecules, simulated as a modern microscope would show them and reconstructed with defaults; prints a table,
 * asserts nothing.
 *
 *   npm run experiment:small -- [--cases monomer,membrane] [--seeds 10] [--from 1] [--folder tmp/small] [--threads n]
 *   [--data-only] [-- options of reconstruct]
 *
 * See ../README.md for what the data are.
 */
import { join } from "node:path";
import { evaluateAgainstReference } from "../../src/evaluate/evaluate.ts";
import { disk } from "../../src/io/disk.ts";
import { readMap } from "../../src/io/mrc.ts";
import { runExperiment } from "../experimentArguments.ts";
import { runSeeds } from "../seededExperiment.ts";
import { cases } from "./cases.ts";
import { ensureImages } from "./images.ts";
import { type Compared, compared, summary, tableHead, tableRow } from "./table.ts";

interface Data {
  particles: string;
  truth: string;
}

async function ensureData(folder: string, name: string, threads: number | undefined): Promise<Data> {
  const data = await ensureImages(folder, name, threads);
  return { particles: join(data, "particles.star"), truth: join(data, "truth.mrc") };
}

async function compare(map: string, { truth }: Data): Promise<Compared> {
  const { report } = await evaluateAgainstReference(disk.at(map), await readMap(disk.at(truth)), { mask: "auto" });
  return compared(report.fsc);
}

await runExperiment((argv) =>
  runSeeds(argv, {
    cases,
    usual: ["monomer", "membrane"],
    folder: "tmp/small",
    ensureData,
    compare,
    head: tableHead,
    row: tableRow,
    summary,
  }),
);
