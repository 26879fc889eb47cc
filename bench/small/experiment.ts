/**
 * Small molecules, simulated as a modern microscope would show them and reconstructed with defaults. Makes the data
 * where they are not there yet, and prints a markdown table, a row a run as they come; asserts nothing.
 *
 *   npm run experiment:small -- [--cases monomer,membrane] [--seeds 10] [--from 1] [--folder tmp/small] [--threads n]
 *   [--data-only] [-- options of reconstruct]
 *
 * See ../README.md for what the data are.
 */
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { evaluateAgainstReference } from "../../src/evaluate/evaluate.ts";
import { disk } from "../../src/io/disk.ts";
import { readMap } from "../../src/io/mrc.ts";
import type { Verdict } from "../../src/reconstruct/verdict/verdict.ts";
import { namesOfCases, runExperiment, splitArguments } from "../experimentArguments.ts";
import { measure } from "../paper/measure.ts";
import { cases } from "./cases.ts";
import { ensureImages } from "./images.ts";
import { compared, type SmallRun, summary, tableHead, tableRow } from "./table.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

async function main(argv: readonly string[]): Promise<void> {
  const { own, passedOn } = splitArguments(argv);
  const { values } = parseArgs({
    args: own,
    options: {
      cases: { type: "string", default: "monomer,membrane" },
      seeds: { type: "string", default: "10" },
      from: { type: "string", default: "1" },
      folder: { type: "string", default: "tmp/small" },
      threads: { type: "string" },
      "data-only": { type: "boolean", default: false },
    },
  });
  const names = namesOfCases(values.cases, cases);
  process.chdir(root);
  const folder = resolve(values.folder),
    threads = values.threads === undefined ? undefined : Number(values.threads),
    more = [...(threads === undefined ? [] : ["--threads", String(threads)]), ...passedOn],
    first = Number(values.from);

  const runs: SmallRun[] = [];
  if (!values["data-only"]) console.log(tableHead);
  for (const name of names) {
    const data = await ensureImages(folder, name, threads);
    if (values["data-only"]) continue;
    for (let seed = first; seed < first + Number(values.seeds); seed++) {
      const run = await runCase(name, seed, data, folder, more);
      runs.push(run);
      await appendFile(join(folder, "results.jsonl"), `${JSON.stringify(run)}\n`);
      console.log(tableRow(run));
    }
  }
  if (runs.length > 0) console.log(`\n${summary(runs)}`);
}

async function runCase(
  name: string,
  seed: number,
  data: string,
  folder: string,
  more: readonly string[],
): Promise<SmallRun> {
  const run = join(folder, "runs", `${name}-${seed}`),
    args = ["--seed", String(seed), "--overwrite", ...more];
  await mkdir(run, { recursive: true });
  const { wallSeconds } = await measure(
    ["--import", "tsx", "src/main.ts", "reconstruct", join(data, "particles.star"), "--out", run, ...args],
    root,
  );
  const { kind, resolutionAngstrom, reason } = JSON.parse(await readFile(join(run, "result.json"), "utf8")) as Verdict;
  const truth = await readMap(disk.at(join(data, "truth.mrc"))),
    { report } = await evaluateAgainstReference(disk.at(join(run, "map.mrc")), truth, { mask: "auto" });
  return {
    case: name,
    what: cases[name]!.what,
    seed,
    arguments: args,
    ...compared(report.fsc),
    seconds: wallSeconds,
    verdict: { kind, resolutionAngstrom, reason },
  };
}

await runExperiment(main);
