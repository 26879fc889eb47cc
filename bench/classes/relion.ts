/**
 * RELION 3.1's 3D classification of a case of `experiment.ts`, started from a map of its own: `--sgd --denovo_3dref` of
 * one class, then `--K 2`. Prints how many particles are in the right class after each iteration, and the FSC of the
 * last maps with the truth. Classes and maps are compared with the truth as this program's are.
 *
 *   npx tsx bench/classes/relion.ts [--case chains] [--share 0.2] [--folder tmp/classes] [--cores 0,1]
 *   [--start-limit 1800] [--limit 5400] [--seed 1] [--start map.mrc] [--order 1]
 *
 * Options of RELION are those of its graphical interface, but for what would take it hours: angles and shifts are
 * searched more coarsely (15° and 2 pixels at most, refined once as usual; the interface has 7.5° and 5 pixels;
 * `--order 2` searches by 7.5°, too), and the start has fewer iterations (20, 40 and 20 of 100 to 200 images; the
 * interface has 50, 200 and 50 of 100 to 500). Limits are seconds; what it has then is what counts. `--start`: from
 * that map.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { formatDuration } from "../../src/base/format.ts";
import { disk } from "../../src/io/disk.ts";
import { readParticles } from "../../src/io/particles.ts";
import { type ChildResult, runChild } from "../childProcess.ts";
import { mapsIn } from "../contestants.ts";
import { namesOfCases, runExperiment } from "../experimentArguments.ts";
import { installRelion } from "../installRelion.ts";
import { cases } from "./cases.ts";
import { ensureMixture } from "./data.ts";
import { goodShellsOf } from "./motion.ts";
import { scoreClasses } from "./score.ts";

const options = {
  case: { type: "string", default: "chains" },
  share: { type: "string", default: "0.2" },
  folder: { type: "string", default: "tmp/classes" },
  cores: { type: "string", default: "0,1" },
  "start-limit": { type: "string", default: "1800" },
  limit: { type: "string", default: "5400" },
  seed: { type: "string", default: "1" },
  start: { type: "string" },
  order: { type: "string", default: "1" },
} as const;

const words = (...lines: string[]): string[] => lines.join(" ").split(" ");
/** Of both jobs. */
const common = words(
  "--ctf --sym C1 --flatten_solvent --zero_mask --dont_combine_weights_via_disc --pool 3 --pad 2",
  "--particle_diameter 200 --oversampling 1 --offset_range 2 --offset_step 2",
);
const denovo = words(
  "--sgd --denovo_3dref --K 1 --sgd_ini_iter 20 --sgd_inbetween_iter 40 --sgd_fin_iter 20 --sgd_write_iter 5",
  "--sgd_ini_resol 35 --sgd_fin_resol 15 --sgd_ini_subset 100 --sgd_fin_subset 200 --skip_gridding",
);
const classify = words("--K 2 --iter 25 --tau2_fudge 4 --ini_high 50 --norm --scale");

await runExperiment(async (args) => {
  const { values } = parseArgs({ args, options }),
    [name] = namesOfCases(values.case, cases) as [string],
    data = await ensureMixture(resolve(values.folder), name, values.share),
    truth = JSON.parse(readFileSync(join(data.folder, "truth.json"), "utf8")) as number[],
    out = join(data.folder, "relion");
  installRelion();
  mkdirSync(out, { recursive: true });
  const threads = values.cores.split(",").length;
  /** RELION takes names of stacks from where it was started, not from where the STAR file lies. */
  const refine = (prefix: string, limitSeconds: number, more: readonly string[]): Promise<ChildResult> =>
    runChild(
      "relion_refine",
      ["--i", "particles.star", "--o", join("relion", prefix), ...common, ...more].concat([
        "--healpix_order",
        prefix === "start" ? "1" : values.order,
        "--j",
        String(threads),
        "--random_seed",
        values.seed,
      ]),
      { cwd: data.folder, cores: values.cores, limitSeconds },
    );
  let start = values.start;
  if (start === undefined) {
    const started = await refine("start", Number(values["start-limit"]), denovo);
    start = mapsIn(out, /^start_it(\d+)_class001\.mrc$/, started.startMs).at(-1)!.path;
    console.log(`start: ${start} after ${formatDuration(started.seconds)}${started.stopped ? ", stopped" : ""}`);
  }
  const classified = await refine("classes", Number(values.limit), ["--ref", resolve(start), ...classify]);
  for (const { path, seconds } of mapsIn(out, /^classes_it(\d+)_data\.star$/, classified.startMs)) {
    if (seconds < 0) continue; // of a job before
    const { classNumber } = await readParticles(disk, path),
      file = basename(path);
    const { right, classOf } = scoreClasses(truth, classNumber!);
    const shells: number[] = [];
    for (const [i, number] of classOf.entries())
      if (number > 0)
        shells.push(await goodShellsOf(out, file.replace("_data.star", `_class00${number}.mrc`), data.folder, i + 1));
    console.log(`${file}: ${(100 * right).toFixed(2)} % right, FSC 0.5 at shells ${shells.join(", ")}`);
  }
  const peak = Math.round(classified.peakBytes / 2 ** 20);
  console.log(`classes: ${formatDuration(classified.seconds)}${classified.stopped ? ", stopped" : ""}, ${peak} MB`);
});
