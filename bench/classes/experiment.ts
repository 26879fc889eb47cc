/**
 * Data sets of several structures, one with junk, and one of a molecule that moves, reconstructed blind. Makes the
 * data where they are not there yet, and prints a markdown table, a row a run as they come, and a line a case at the
 * end; asserts nothing.
 *
 *   npm run experiment:classes -- [--cases mixture,chains] [--seeds 1] [--from 1] [--share 1] [--folder tmp/classes]
 *   [--threads n] [--time-limit 20m] [--data-only] [-- options of reconstruct]
 *
 * --share makes data sets of a part of the particles.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { disk } from "../../src/io/disk.ts";
import { readParticles } from "../../src/io/particles.ts";
import type { RunVerdict } from "../../src/reconstruct/folder/events.ts";
import { runExperiment } from "../experimentArguments.ts";
import { runSeeds } from "../seededExperiment.ts";
import { cases } from "./cases.ts";
import { ensureMixture, type MixtureData } from "./data.ts";
import { goodShellsOf, scoreMotion } from "./motion.ts";
import { scoreClasses } from "./score.ts";
import { type Sorted, summary, tableHead, tableRow } from "./table.ts";

async function compare(mapOfRun: string, { folder, junkFrom, course }: MixtureData): Promise<Sorted> {
  const out = dirname(mapOfRun),
    truth = JSON.parse(await readFile(join(folder, "truth.json"), "utf8")) as number[],
    result = JSON.parse(await readFile(join(out, "result.json"), "utf8")) as RunVerdict,
    finestShell = Math.round(result.evidence.boxAngstrom / result.evidence.finestAngstrom);
  const scored = { particles: truth.length, finestShell };
  if (result.motion) {
    const { spearman, maps } = await scoreMotion(folder, out, result.motion, truth, course!);
    return { ...scored, right: spearman, shares: [], shells: maps.map(({ shell }) => shell) };
  }
  if (!result.classes)
    return { ...scored, right: 1, shares: [], shells: [await goodShellsOf(out, "map.mrc", folder, 1)] };
  const { classNumber } = await readParticles(disk, join(out, "particles.star"));
  const { right, classOf } = scoreClasses(truth, classNumber!, junkFrom);
  const junk = result.classes.find((each) => each.junk)?.number,
    shareOf = (isCounted: (structure: number) => boolean): number => {
      const counted = truth.flatMap((structure, i) => (isCounted(structure) ? [classNumber![i] === junk] : []));
      return counted.filter(Boolean).length / counted.length;
    };
  const shells: number[] = [];
  for (const [i, number] of classOf.entries()) {
    const map = result.classes[number - 1]?.map;
    if (map === undefined || i + 1 >= (junkFrom ?? Infinity)) continue;
    shells.push(await goodShellsOf(out, map, folder, i + 1));
  }
  return {
    ...scored,
    right,
    ...(junkFrom === undefined
      ? {}
      : {
          junkFound: shareOf((structure) => structure >= junkFrom),
          lost: shareOf((structure) => structure < junkFrom),
        }),
    shares: result.classes.map(({ share }) => share),
    shells,
  };
}

await runExperiment((argv) =>
  runSeeds(argv, {
    cases,
    usual: Object.keys(cases),
    folder: "tmp/classes",
    options: { share: "1" },
    ensureData: (folder, name, _threads, { share }) => ensureMixture(folder, name, share),
    compare,
    head: tableHead,
    row: tableRow,
    summary,
  }),
);
