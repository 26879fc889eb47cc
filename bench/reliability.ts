/**
 * Runs that are ended at random moments and gone on with: a small run of the ribosome (box 32), with and without
 * half-maps, killed (SIGKILL) or asked to stop (SIGTERM) again and again until it comes to its end. Its maps and its
 * FSC are compared with those of a run that nobody ended, byte for byte. Then single bits of checkpoints are flipped,
 * and it is counted how many of these are taken. Prints Markdown; the state of each run goes to stderr.
 *
 *   npm run bench:reliability -- [--kills 100] [--terms 20] [--bits 400] [--seed 1]
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { InputError } from "../src/base/errors.ts";
import { disk } from "../src/io/disk.ts";
import { readCheckpoint } from "../src/reconstruct/folder/checkpoint.ts";
import { createStream } from "../src/runtime/random.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    terms: { type: "string", default: "20" },
    bits: { type: "string", default: "400" },
    seed: { type: "string", default: "1" },
  },
});
const [kills, terms, bits, seed] = [values.kills, values.terms, values.bits, values.seed].map(Number) as [
  number,
  number,
  number,
  number,
];
const random = createStream(seed, "bench/reliability");
const folder = await mkdtemp(join(tmpdir(), "cryogan-reliability-"));
const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const kinds = { "one map": [], "half-maps": ["--half-maps"] } as const;
type Kind = keyof typeof kinds;

const commandLine = (out: string, kind: Kind): string[] => [
  ...[program, "reconstruct", join(folder, "data", "particles.star"), "--out", out, "--device", "cpu"],
  ...["--seed", "1", "--max-shift", "10", "--checkpoint-every", "0.2s", "--threads", "2"],
  ...["--stages", "adversarial 16:60, refine 16:2, local 24:1", ...kinds[kind]],
];

interface Ended {
  code: number | null;
  /** What ended it, if it did not end by itself. */
  by: NodeJS.Signals | null;
  seconds: number;
  /** From the signal to the end. */
  secondsToEnd?: number;
  errors: string;
}

/** Runs the command line; sends a signal after some time, if it still runs then. */
async function run(args: readonly string[], signal?: NodeJS.Signals, afterSeconds = 0): Promise<Ended> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "",
    sent: number | undefined;
  child.stderr.on("data", (data) => (errors += String(data)));
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) =>
    child.once("error", reject).once("close", (code, by) => resolve([code, by])),
  );
  const waiting = new AbortController();
  if (signal)
    void sleep(1000 * afterSeconds, undefined, { signal: waiting.signal }).then(
      () => {
        sent = performance.now();
        child.kill(signal);
      },
      () => undefined,
    );
  const [code, by] = await ended;
  waiting.abort();
  const now = performance.now();
  return {
    ...{ code, by, errors, seconds: (now - began) / 1000 },
    ...(sent === undefined ? {} : { secondsToEnd: (now - sent) / 1000 }),
  };
}

/** Maps and FSC of a run folder, by name, as digests. */
async function resultsOf(out: string): Promise<Map<string, string>> {
  const names = (await readdir(out)).filter((name) => name.endsWith(".mrc") || name === "fsc.json").sort();
  const digest = async (name: string): Promise<string> =>
    createHash("sha256")
      .update(await readFile(join(out, name)))
      .digest("hex");
  return new Map(await Promise.all(names.map(async (name) => [name, await digest(name)] as const)));
}

const haveSameResults = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  a.size === b.size && [...a].every(([name, digest]) => b.get(name) === digest);

/** Files that nothing should leave behind. */
const leftovers = async (out: string): Promise<string[]> =>
  (await readdir(out)).filter((name) => /\.(tmp|scratch)$|^run\.pid$/.test(name));

interface Tally {
  kind: Kind;
  signal: NodeJS.Signals;
  sent: number;
  /** Signals that came before the process listened to them: it ended as by SIGKILL. */
  unheard: number;
  runs: number;
  same: number;
  other: string[];
  longestSecondsToEnd: number;
}

/** Runs that are ended at random moments until they finish, until so many signals have ended one. */
async function endedAgainAndAgain(kind: Kind, signal: "SIGKILL" | "SIGTERM", count: number): Promise<Tally> {
  const { seconds, results } = wholeRuns[kind];
  const tally: Tally = { kind, signal, sent: 0, unheard: 0, runs: 0, same: 0, other: [], longestSecondsToEnd: 0 };
  while (tally.sent < count) {
    const out = join(folder, "ended");
    await rm(out, { recursive: true, force: true });
    tally.runs++;
    for (let first = true; ; first = false) {
      // Once there have been enough, the run comes to its end.
      const mayEnd = tally.sent < count;
      const args = [...commandLine(out, kind), ...(first ? [] : ["--resume"])];
      const ended = await run(args, mayEnd ? signal : undefined, seconds * random.uniform());
      if (ended.code === 0) break;
      const stopped = signal === "SIGTERM" && ended.code === 143;
      if (!stopped && ended.by !== signal) {
        tally.other.push(`ended with ${ended.code ?? ended.by}: ${ended.errors.trim().split("\n").at(-1)}`);
        break;
      }
      tally.sent++;
      if (!stopped && signal === "SIGTERM") tally.unheard++;
      tally.longestSecondsToEnd = Math.max(tally.longestSecondsToEnd, ended.secondsToEnd ?? 0);
    }
    const left = await leftovers(out);
    if (left.length > 0) tally.other.push(`left ${left.join(", ")}`);
    if (haveSameResults(await resultsOf(out), results)) tally.same++;
    else tally.other.push("other results");
    say(`${kind}, ${signal}: ${tally.sent} of ${count} sent, ${tally.same} of ${tally.runs} runs the same`);
  }
  return tally;
}

/** How many of so many checkpoints, each with another bit flipped, are taken. */
async function acceptedFlips(path: string, count: number): Promise<number> {
  const whole = await readFile(path),
    flipped = join(folder, "flipped.bin");
  let accepted = 0;
  for (let i = 0; i < count; i++) {
    const bytes = Buffer.from(whole),
      bit = random.integer(8 * bytes.length);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    await writeFile(flipped, bytes);
    try {
      await readCheckpoint(disk.at(flipped));
      accepted++;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return accepted;
}

const made = await run([
  ...[program, "simulate", fileURLToPath(new URL("../data/ribosome-70s-65.mrc", import.meta.url))],
  ...["--map-pixel-size", "5", "--box", "32", "--particles", "1000", "--snr", "0.2", "--defocus-range", "1,2.5"],
  ...["--device", "cpu", "--out", join(folder, "data")],
]);
if (made.code !== 0) throw new Error(made.errors);
const whole = async (kind: Kind): Promise<{ seconds: number; results: Map<string, string> }> => {
  const out = join(folder, `whole ${kind}`);
  const { code, errors, seconds } = await run(commandLine(out, kind));
  if (code !== 0) throw new Error(`a run that nobody ended ended with ${code}: ${errors}`);
  say(`${kind}: ${seconds.toFixed(1)} s`);
  return { seconds, results: await resultsOf(out) };
};
const wholeRuns = { "one map": await whole("one map"), "half-maps": await whole("half-maps") };

const tallies: Tally[] = [];
for (const [signal, count] of [
  ["SIGKILL", kills],
  ["SIGTERM", terms],
] as const)
  for (const [kind, share] of [
    ["one map", Math.ceil(count / 2)],
    ["half-maps", Math.floor(count / 2)],
  ] as const)
    tallies.push(await endedAgainAndAgain(kind, signal, share));

// One of the middle of a stage: a run that is stopped there.
const interrupted = join(folder, "interrupted");
for (let ended = false; !ended; ) {
  await rm(interrupted, { recursive: true, force: true });
  await run(commandLine(interrupted, "one map"), "SIGTERM", wholeRuns["one map"].seconds * random.uniform());
  ended = (await readdir(interrupted).catch((): string[] => [])).includes("checkpoint.bin");
}
const checkpoint = join(interrupted, "checkpoint.bin"),
  { length } = await readFile(checkpoint),
  accepted = await acceptedFlips(checkpoint, bits);

const terminations = tallies.reduce((sum, { signal, sent }) => sum + (signal === "SIGTERM" ? sent : 0), 0),
  unheard = tallies.reduce((sum, tally) => sum + tally.unheard, 0);
process.stdout.write(`
| run of | signal | sent | runs | equal to the byte | longest time from the signal to the end |
| --- | --- | ---: | ---: | ---: | ---: |
${tallies
  .map(
    ({ kind, signal, sent, runs, same, longestSecondsToEnd }) =>
      `| ${kind} (${wholeRuns[kind].seconds.toFixed(1)} s) | ${signal} | ${sent} | ${runs} | ${same} ` +
      `| ${longestSecondsToEnd.toFixed(2)} s |`,
  )
  .join("\n")}

Of the ${terminations} SIGTERMs, ${unheard} came before the program listened to them.

| flipped bits of a checkpoint of ${length} bytes | taken |
| ---: | ---: |
| ${bits} | ${accepted} |
`);
const faults = tallies.flatMap(({ kind, signal, other }) => other.map((fault) => `${kind}, ${signal}: ${fault}`));
for (const fault of faults) say(fault);
await rm(folder, { recursive: true });
if (faults.length > 0 || accepted > 0) process.exitCode = 1;
