/**
 * Data sets of several structures, and one with junk, reconstructed blind. Makes the data where they are not there yet,
 * and prints a markdown table, a row a run as they come; asserts nothing.
 *
 *   npm run experiment:classes -- [--cases mixture,chains] [--seeds 1] [--from 1] [--share 1] [--folder tmp/classes]
 *   [--threads n] [--time-limit 20m] [--data-only]
 *
 * --share makes data sets of a part of the particles.
 */
import { existsSync } from "node:fs";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { duration } from "../../src/base/values.ts";
import { evaluateAgainstReference } from "../../src/evaluate/evaluate.ts";
import { disk } from "../../src/io/disk.ts";
import { readMap } from "../../src/io/mrc.ts";
import { readParticles } from "../../src/io/particles.ts";
import type { RunVerdict } from "../../src/reconstruct/folder/events.ts";
import { nodeHost } from "../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../src/reconstruct/run/run.ts";
import { namesOfCases, runExperiment } from "../experimentArguments.ts";
import { goodShells } from "../table.ts";
import { cases } from "./cases.ts";
import { writeMixture } from "./mixture.ts";
import { scoreClasses } from "./score.ts";

interface Row {
  case: string;
  seed: number;
  particles: number;
  /** Share of them in the right class. */
  right: number;
  /** Where there is junk: share of it that was found, and of the particles that were lost to it. */
  junkFound?: number;
  lost?: number;
  shares: number[];
  /** Last shell up to which the FSC of each structure's class with the truth is 0.5. */
  shells: number[];
  /** Shell worked at. */
  finestShell: number;
  seconds: number;
  verdict: string;
}

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      cases: { type: "string", default: Object.keys(cases).join(",") },
      seeds: { type: "string", default: "1" },
      from: { type: "string", default: "1" },
      share: { type: "string", default: "1" },
      folder: { type: "string", default: "tmp/classes" },
      threads: { type: "string" },
      "time-limit": { type: "string" },
      "data-only": { type: "boolean", default: false },
    },
  });
  const names = namesOfCases(values.cases, cases),
    share = Number(values.share),
    folder = resolve(values.folder),
    first = Number(values.from),
    timeLimit = values["time-limit"] === undefined ? undefined : duration().read(values["time-limit"]);
  await mkdir(folder, { recursive: true });
  if (!values["data-only"])
    console.log(
      "| case | seed | particles | right | junk found | lost | shares | FSC 0.5 at shell | worked at | s " +
        "| verdict |\n" +
        "| --- | ---: | ---: | ---: | ---: | ---: | --- | --- | ---: | ---: | --- |",
    );
  for (const name of names) {
    const data = join(folder, `${name}-${share}`);
    if (!existsSync(join(data, "particles.star")))
      await writeMixture(data, { ...(await cases[name]!.mixture(share)), seed: 1 });
    if (values["data-only"]) continue;
    for (let seed = first; seed < first + Number(values.seeds); seed++) {
      const row = await runCase(name, seed, data, join(folder, `${name}-${share}-run-${seed}`), {
        ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
        ...(timeLimit === undefined ? {} : { timeLimit }),
      });
      await appendFile(join(folder, "results.jsonl"), `${JSON.stringify(row)}\n`);
      console.log(line(row));
    }
  }
}

async function runCase(
  name: string,
  seed: number,
  data: string,
  out: string,
  more: { threads?: number; timeLimit?: number },
): Promise<Row> {
  const { request, junkFrom } = cases[name]!;
  const { elapsedSeconds } = await reconstruct(nodeHost, {
    particlesFile: join(data, "particles.star"),
    out,
    overwrite: true,
    seed,
    ...request,
    ...more,
  });
  const truth = JSON.parse(await readFile(join(data, "truth.json"), "utf8")) as number[],
    result = JSON.parse(await readFile(join(out, "result.json"), "utf8")) as RunVerdict,
    { classNumber } = await readParticles(disk, join(out, "particles.star"));
  const { right, classOf } = scoreClasses(truth, classNumber!, junkFrom);
  const junk = result.classes!.find((each) => each.junk)?.number,
    shareOf = (isCounted: (structure: number) => boolean): number => {
      const counted = truth.flatMap((structure, i) => (isCounted(structure) ? [classNumber![i] === junk] : []));
      return counted.filter(Boolean).length / counted.length;
    };
  const shells: number[] = [];
  for (const [i, number] of classOf.entries()) {
    const map = result.classes![number - 1]?.map;
    if (map === undefined || i + 1 >= (junkFrom ?? Infinity)) continue;
    const { report } = await evaluateAgainstReference(
      await readMap(disk.at(join(out, map))),
      disk.at(join(data, `truth${i + 1}.mrc`)),
      { mask: "none" },
    );
    shells.push(goodShells(report.fsc.fsc));
  }
  return {
    case: name,
    seed,
    particles: truth.length,
    right,
    ...(junkFrom === undefined
      ? {}
      : {
          junkFound: shareOf((structure) => structure >= junkFrom),
          lost: shareOf((structure) => structure < junkFrom),
        }),
    shares: result.classes!.map(({ share }) => share),
    shells,
    finestShell: Math.round(result.evidence.boxAngstrom / result.evidence.finestAngstrom),
    seconds: Math.round(elapsedSeconds),
    verdict: `${result.kind}: ${result.reason}`,
  };
}

function line(row: Row): string {
  const percent = (value: number | undefined): string => (value === undefined ? "" : `${(100 * value).toFixed(2)} %`);
  const cells = [
    cases[row.case]!.what,
    row.seed,
    row.particles,
    percent(row.right),
    percent(row.junkFound),
    percent(row.lost),
    row.shares.map((share) => share.toFixed(3)).join(", "),
    row.shells.join(", "),
    row.finestShell,
    row.seconds,
    row.verdict,
  ];
  return `| ${cells.join(" | ")} |`;
}

await runExperiment(main);
