/**
 * The paper's experiment: simulates its data where they are not there yet, reconstructs them blind in two halves, and
 * prints a markdown table of resolution, time and memory. Each case also appends a line to results.jsonl in the folder.
 *
 *   npm run experiment:paper -- [--cases centred,shifted] [--folder tmp/paper] [--time-limit 20m] [--data-only]
 *   [--threads n] [-- options of reconstruct]
 */

import { execFileSync } from "node:child_process";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { FscResult } from "../../src/evaluate/fsc.ts";
import { namesOfCases, runExperiment, splitArguments } from "../experimentArguments.ts";
import { cases, dataSets, type PaperCase } from "./cases.ts";
import { ensureDataSet } from "./dataSet.ts";
import { measure } from "./measure.ts";
import { markdownTable, type PaperResult } from "./results.ts";
import { againstTruth } from "./truth.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

async function main(argv: readonly string[]): Promise<void> {
  const { own, passedOn } = splitArguments(argv);
  const { values } = parseArgs({
    args: own,
    options: {
      cases: { type: "string", default: "centred,shifted" },
      folder: { type: "string", default: "tmp/paper" },
      "time-limit": { type: "string", default: "20m" },
      "data-only": { type: "boolean", default: false },
      threads: { type: "string" },
    },
  });
  const names = namesOfCases(values.cases, cases);
  process.chdir(root);
  const folder = resolve(values.folder),
    threads = values.threads === undefined ? undefined : Number(values.threads);
  const limits = [
    ...(passedOn.includes("--stages") ? [] : ["--time-limit", values["time-limit"]]),
    ...(threads === undefined ? [] : ["--threads", String(threads)]),
  ];

  const results: PaperResult[] = [];
  for (const name of names) {
    const chosen = cases[name]!,
      data = join(folder, "data", chosen.data);
    await ensureDataSet(data, dataSets[chosen.data], threads);
    if (values["data-only"]) continue;
    const result = await runCase(name, chosen, data, folder, [...limits, ...passedOn]);
    await appendFile(join(folder, "results.jsonl"), `${JSON.stringify(result)}\n`);
    results.push(result);
  }
  if (results.length > 0) process.stdout.write(`${markdownTable(results)}\n`);
}

async function runCase(
  name: string,
  chosen: PaperCase,
  data: string,
  folder: string,
  more: readonly string[],
): Promise<PaperResult> {
  const run = join(folder, "runs", `${name}-${new Date().toISOString().replaceAll(":", "-")}`);
  await mkdir(run, { recursive: true });
  const args = [...chosen.arguments, "--half-maps", ...more];
  const measured = await measure(
    ["--import", "tsx", "src/main.ts", "reconstruct", join(data, "particles.star"), "--out", run, ...args],
    root,
  );
  const halves = JSON.parse(await readFile(join(run, "fsc.json"), "utf8")) as FscResult;
  const { truth, truthUnmasked } = await againstTruth(join(run, "map.mrc"), join(data, "truth.mrc"));
  return {
    case: name,
    what: chosen.what,
    time: new Date().toISOString(),
    version: version(),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    dataSet: data,
    arguments: args,
    run,
    ...measured,
    finestAngstrom: halves.finestAngstrom,
    halfMaps: { angstrom: halves.resolution0143Angstrom, orBetter: halves.resolution0143OrBetter },
    truth,
    truthUnmasked,
  };
}

function version(): string | null {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
}

await runExperiment(main);
