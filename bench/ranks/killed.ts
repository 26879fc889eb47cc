/**
 * Jobs of two or three processes of which one is killed (SIGKILL) at a random moment, again and again, each gone on
 * with by another number of processes until the run comes to its end. Counted are the runs whose map is that of one
 * process (FSC of at least 0.999 on the shells worked at), and the resumes that began before the last checkpoint.
 * Prints Markdown; each kill goes to stderr.
 *
 *   npx tsx bench/ranks/killed.ts [--kills 20] [--seed 1]
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { shellCorrelation } from "../../src/evaluate/fsc.ts";
import { spectrumOf } from "../../src/evaluate/shells.ts";
import { disk } from "../../src/io/disk.ts";
import { readMap } from "../../src/io/mrc.ts";
import { readLastCheckpoint } from "../../src/reconstruct/folder/checkpoint.ts";
import type { RunEvent } from "../../src/reconstruct/folder/events.ts";
import { createStream } from "../../src/runtime/random.ts";
import { ensureSimulated, ribosome } from "../simulated.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "20" }, seed: { type: "string", default: "1" } },
});
const root = fileURLToPath(new URL("../..", import.meta.url)),
  random = createStream(Number(values.seed), "bench/ranks/killed"),
  folder = mkdtempSync(join(tmpdir(), "cryogan-killed-")),
  shells = 12;
execFileSync("bash", [join(root, "scripts/install-mpi.sh")], { stdio: "inherit" });
const { particles } = await ensureSimulated(join(folder, "data"), ribosome(32, 1000, 0.2));

const commandLine = (out: string, ...more: string[]): string[] => [
  ...["--import", "tsx", "src/main.ts", "reconstruct", particles, "--out", out, "--device", "cpu", "--threads", "1"],
  ...["--max-shift", "10", "--checkpoint-every", "0.2s", "--stages", "adversarial 16:60, refine 16:2, local 24:2"],
  ...more,
];

/** Processes of the job; none when they have ended. */
const ranksOf = (launcher: number): number[] =>
  spawnSync("pgrep", ["-P", String(launcher)], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((line) => line !== "")
    .map(Number);

/** @returns whether it came to its end */
async function job(out: string, processes: number, resumed: boolean, killAfter: number | undefined): Promise<boolean> {
  const child = spawn(
    "mpirun.openmpi",
    [
      "--oversubscribe",
      "-n",
      String(processes),
      process.execPath,
      ...commandLine(out, resumed ? "--resume" : "--overwrite"),
    ],
    {
      cwd: root,
      env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let said = "",
    killed = false;
  child.stderr.on("data", (text) => (said += String(text)));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve)),
    waiting = new AbortController();
  const stages = stagesBegun(out).length;
  /** Once a stage has begun, so that there is something to lose. */
  const wait = async (seconds: number): Promise<void> => {
    const { signal } = waiting;
    while (stagesBegun(out).length <= (resumed ? stages : 0)) await sleep(20, undefined, { signal });
    await sleep(1000 * seconds, undefined, { signal });
  };
  if (killAfter !== undefined)
    void wait(killAfter).then(
      () => {
        const ranks = ranksOf(child.pid!);
        if (ranks.length === 0) return;
        process.kill(ranks[random.integer(ranks.length)]!, "SIGKILL");
        killed = true;
      },
      () => undefined,
    );
  const code = await ended;
  waiting.abort();
  if (code !== 0 && !killed) throw new Error(`a job that nobody killed ended with ${code}: ${said}`);
  return code === 0;
}

const stagesBegun = (out: string): number[] => {
  try {
    const events = readFileSync(join(out, "events.jsonl"), "utf8");
    return [...events.matchAll(/"type":"stage","stage":(\d+)/g)].map(([, stage]) => Number(stage));
  } catch {
    return [];
  }
};
const stageOfCheckpoint = async (out: string): Promise<number> =>
  (await readLastCheckpoint(disk, join(out, "checkpoint.bin")).catch(() => undefined))?.checkpoint.stage ?? -1;

const alone = join(folder, "alone");
execFileSync(process.execPath, commandLine(alone), { cwd: root, stdio: "pipe" });
const times = readFileSync(join(alone, "events.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as RunEvent)
  .map(({ time }) => Date.parse(time));
/** From the first event to the last. */
const seconds = (times.at(-1)! - times[0]!) / 1000;

let kills = 0,
  runs = 0,
  same = 0,
  older = 0,
  least = 1;
while (kills < Number(values.kills)) {
  const out = join(folder, `run-${runs++}`);
  for (let resumed = false; ; resumed = true) {
    const before = await stageOfCheckpoint(out),
      known = stagesBegun(out).length,
      canResume = resumed && before >= 0,
      mayEnd = kills < Number(values.kills),
      ended = await job(out, 2 + (kills % 2), canResume, mayEnd ? seconds * random.uniform() : undefined);
    const [first] = stagesBegun(out).slice(canResume ? known : 0);
    if (canResume && first !== undefined && first < before + 1) older++;
    if (ended) break;
    kills++;
    console.error(`kill ${kills} of ${values.kills}, the last checkpoint before it of stage ${before + 1}`);
  }
  const [a, b] = await Promise.all(
      [alone, out].map(async (path) => spectrumOf(await readMap(disk.at(join(path, "map.mrc"))))),
    ),
    likeness = Math.min(...shellCorrelation(a!, b!).slice(0, shells));
  least = Math.min(least, likeness);
  if (likeness >= 0.999) same++;
}
console.log(
  `${kills} kills in ${runs} runs: ${same} maps as that of one process (FSC of at least ${least.toFixed(5)} ` +
    `up to shell ${shells}), ${older} resumes from before the last checkpoint`,
);
rmSync(folder, { recursive: true });
