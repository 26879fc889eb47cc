/**
 * CryoGAN by itself, without any likelihood, on simulated and real particles. Makes the data where they are not there
 * yet, and prints a markdown table, a row a run as they come; asserts nothing.
 *
 *   npm run experiment:cryogan -- [--cases paper,shifted,…] [--seeds n] [--from 1] [--folder tmp/cryogan]
 *   [--time-limit 60m] [--threads n] [--data-only] [-- options of reconstruct]
 *
 * See ../README.md for the cases.
 */
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compareHands, meanOfShells } from "../../src/evaluate/hands.ts";
import { disk } from "../../src/io/disk.ts";
import type { Verdict } from "../../src/reconstruct/verdict/verdict.ts";
import { namesOfCases, runExperiment, splitArguments } from "../experimentArguments.ts";
import { ensureDataSet } from "../paper/dataSet.ts";
import { measure } from "../paper/measure.ts";
import { againstTruth } from "../paper/truth.ts";
import { cases, simulated } from "./cases.ts";
import { type CryoganRun, tableHead, tableRow } from "./table.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** 20 to 11.4 Å in the box of 240 Å of the real particles. */
const finerShells = [12, 21] as const;

interface Data {
  particles: string;
  truth: string;
  /** Whether the axes of the truth are those of the map. */
  known: boolean;
}

async function main(argv: readonly string[]): Promise<void> {
  const { own, passedOn } = splitArguments(argv);
  const { values } = parseArgs({
    args: own,
    options: {
      cases: { type: "string", default: Object.keys(cases).join(",") },
      seeds: { type: "string" },
      from: { type: "string", default: "1" },
      folder: { type: "string", default: "tmp/cryogan" },
      "time-limit": { type: "string", default: "60m" },
      threads: { type: "string" },
      "data-only": { type: "boolean", default: false },
    },
  });
  const names = namesOfCases(values.cases, cases);
  process.chdir(root);
  const folder = resolve(values.folder),
    threads = values.threads === undefined ? undefined : Number(values.threads),
    first = Number(values.from);
  const more = [
    ...(passedOn.includes("--stages") ? [] : ["--time-limit", values["time-limit"]]),
    ...(threads === undefined ? [] : ["--threads", String(threads)]),
    ...passedOn,
  ];
  if (!values["data-only"]) console.log(tableHead);
  for (const name of names) {
    const data = await ensureData(folder, name, threads);
    if (values["data-only"]) continue;
    const seeds = Number(values.seeds ?? cases[name]!.seeds);
    for (let seed = first; seed < first + seeds; seed++) {
      const run = await runCase(name, seed, data, folder, more);
      await appendFile(join(folder, "results.jsonl"), `${JSON.stringify(run)}\n`);
      console.log(tableRow(run));
    }
  }
}

async function ensureData(folder: string, name: string, threads: number | undefined): Promise<Data> {
  const { data } = cases[name]!;
  if (typeof data !== "string")
    return { particles: resolve(data.particles), truth: resolve(data.reference), known: true };
  const made = join(folder, "data", data);
  await ensureDataSet(made, simulated[data], threads);
  return { particles: join(made, "particles.star"), truth: join(made, "truth.mrc"), known: false };
}

async function runCase(
  name: string,
  seed: number,
  { particles, truth, known }: Data,
  folder: string,
  more: readonly string[],
): Promise<CryoganRun> {
  const run = join(folder, "runs", `${name}-${seed}`),
    map = join(run, "map.mrc"),
    args = ["--method", "cryogan", ...cases[name]!.arguments, "--seed", String(seed), "--overwrite", ...more];
  await mkdir(run, { recursive: true });
  const measured = await measure(
    ["--import", "tsx", "src/main.ts", "reconstruct", particles, "--out", run, ...args],
    root,
  );
  const { kind, resolutionAngstrom, reason } = JSON.parse(await readFile(join(run, "result.json"), "utf8")) as Verdict;
  return {
    case: name,
    what: cases[name]!.what,
    seed,
    time: new Date().toISOString(),
    arguments: args,
    ...measured,
    ...(await againstTruth(map, truth)),
    ...(known && {
      meanFsc: meanOfShells(
        (await compareHands(disk.at(map), disk.at(truth), finerShells)).report.fsc.fsc,
        finerShells,
      ),
    }),
    verdict: { kind, resolutionAngstrom, reason },
  };
}

await runExperiment(main);
