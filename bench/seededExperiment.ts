/**
 * Experiments over cases and seeds: makes the data where they are not there yet, reconstructs them with every seed, and
 * prints a row of a markdown table as each run ends; a line of JSON a run is appended to `results.jsonl` in the folder.
 */
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Verdict } from "../src/reconstruct/verdict/verdict.ts";
import { namesOfCases, splitArguments } from "./experimentArguments.ts";
import { type Measured, measure } from "./paper/measure.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A run of `cryogan reconstruct`. */
export interface SeededRun extends Measured {
  case: string;
  what: string;
  seed: number;
  /** When it ended. */
  time: string;
  /** Options of `cryogan reconstruct`. */
  arguments: string[];
  verdict: Verdict;
}

export interface SeededCase {
  what: string;
  seeds: number;
  /** Options of `cryogan reconstruct`; absent: defaults. */
  arguments?: string[];
}

export interface SeededExperiment<
  Case extends SeededCase,
  Data extends { particles: string },
  Compared,
  Options extends Record<string, string>,
> {
  cases: Readonly<Record<string, Case>>;
  /** Names of those that run where none are named. */
  usual: readonly string[];
  /** Where data and runs go where none is named. */
  folder: string;
  timeLimit?: string;
  /** Further options of the experiment, and what they are where they are not given. */
  options?: Options;
  ensureData(folder: string, name: string, threads: number | undefined, options: Options): Promise<Data>;
  /** What becomes of the map of a run beside the truth. */
  compare(map: string, data: Data): Promise<Compared>;
  head: string;
  row(run: SeededRun & Compared): string;
  /** After all runs. */
  summary?(runs: readonly (SeededRun & Compared)[]): string;
}

/**
 * Options: `--cases a,b`, `--seeds n` (of every case), `--from 1`, `--folder`, `--time-limit` (unless stages are passed
 * on), `--threads n`, `--data-only`; what follows `--` goes to `cryogan reconstruct`.
 */
export async function runSeeds<
  Case extends SeededCase,
  Data extends { particles: string },
  Compared,
  Options extends Record<string, string>,
>(argv: readonly string[], experiment: SeededExperiment<Case, Data, Compared, Options>): Promise<void> {
  const { own, passedOn } = splitArguments(argv);
  const further = experiment.options ?? ({} as Options);
  const { values } = parseArgs({
    args: own,
    options: {
      ...Object.fromEntries(
        Object.entries(further).map(([name, value]) => [name, { type: "string" as const, default: value }]),
      ),
      cases: { type: "string", default: experiment.usual.join(",") },
      seeds: { type: "string" },
      from: { type: "string", default: "1" },
      folder: { type: "string", default: experiment.folder },
      "time-limit": { type: "string" },
      threads: { type: "string" },
      "data-only": { type: "boolean", default: false },
    },
  });
  const names = namesOfCases(values.cases, experiment.cases);
  process.chdir(root);
  const folder = resolve(values.folder),
    threads = values.threads === undefined ? undefined : Number(values.threads),
    timeLimit = values["time-limit"] ?? experiment.timeLimit,
    first = Number(values.from);
  const more = [
    ...(timeLimit === undefined || passedOn.includes("--stages") ? [] : ["--time-limit", timeLimit]),
    ...(threads === undefined ? [] : ["--threads", String(threads)]),
    ...passedOn,
  ];
  const runs: (SeededRun & Compared)[] = [];
  if (!values["data-only"]) console.log(experiment.head);
  for (const name of names) {
    const data = await experiment.ensureData(folder, name, threads, pick(values, further));
    if (values["data-only"]) continue;
    const chosen = experiment.cases[name]!;
    for (let seed = first; seed < first + Number(values.seeds ?? chosen.seeds); seed++) {
      const out = join(folder, "runs", `${name}-${seed}`),
        args = [...(chosen.arguments ?? []), "--seed", String(seed), "--overwrite", ...more];
      const run = {
        case: name,
        what: chosen.what,
        seed,
        arguments: args,
        ...(await reconstructInto(out, data.particles, args)),
        ...(await experiment.compare(join(out, "map.mrc"), data)),
        time: new Date().toISOString(),
      };
      runs.push(run);
      await appendFile(join(folder, "results.jsonl"), `${JSON.stringify(run)}\n`);
      console.log(experiment.row(run));
    }
  }
  if (runs.length > 0 && experiment.summary) console.log(`\n${experiment.summary(runs)}`);
}

async function reconstructInto(
  out: string,
  particles: string,
  args: readonly string[],
): Promise<Measured & Pick<SeededRun, "verdict">> {
  await mkdir(out, { recursive: true });
  const measured = await measure(
    ["--import", "tsx", "src/main.ts", "reconstruct", particles, "--out", out, ...args],
    root,
  );
  const { kind, resolutionAngstrom, reason } = JSON.parse(await readFile(join(out, "result.json"), "utf8")) as Verdict;
  return { ...measured, verdict: { kind, resolutionAngstrom, reason } };
}

/** The first lines of a markdown table. */
export const headOf = (columns: readonly string[]): string =>
  `| ${columns.join(" | ")} |\n| ${columns.map(() => "---").join(" | ")} |`;

/** Those of the values that an experiment has besides the options of all. */
const pick = <Options extends Record<string, string>>(values: object, further: Options): Options =>
  Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(further, name))) as Options;
