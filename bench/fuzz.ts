/**
 * Spoilt files for every reader, in numbers: how many end in a value, in one line that names the file, as a bug would,
 * not at all, or in nonsense that looks like a value. The readers run in a process that is watched; some of the files
 * are also given to the command line, as a user gives them. Prints Markdown.
 *
 *   npm run bench:fuzz -- [--inputs 3000] [--commands 100] [--seed 1]
 */
import { execFileSync, fork, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { bytesOf, inputsOf } from "../test/fuzz/inputs.ts";
import { outcomeOf } from "../test/fuzz/outcome.ts";
import { type Reader, readers } from "../test/fuzz/readers.ts";
import * as seeds from "../test/fuzz/seeds.ts";

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "3000" },
    commands: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    /** Of a watched process: the reader, and the input it begins with. */
    reader: { type: "string" },
    first: { type: "string", default: "0" },
  },
});
const seed = Number(values.seed);
const perReader = Math.ceil(Number(values.inputs) / readers.length);
/** A reader takes milliseconds for such files. */
const hangSeconds = 60;

const inputsFor = (reader: Reader): Uint8Array[] =>
  fc.sample(inputsOf(reader), { seed, numRuns: perReader }).map((input) => bytesOf(input, reader));

/** What the watched process tells after each input. */
interface Told {
  kind: "read" | "refused" | "broken" | "nonsense";
  text: string;
  milliseconds: number;
  peakBytes: number;
}

async function readAll(reader: Reader, first: number): Promise<void> {
  for (const bytes of inputsFor(reader).slice(first)) {
    const start = performance.now(),
      outcome = await outcomeOf(reader, bytes);
    const told: Told = {
      kind: outcome.kind,
      text: outcome.kind === "broken" ? String(outcome.error) : outcome.kind === "nonsense" ? outcome.what : "",
      milliseconds: performance.now() - start,
      peakBytes: 1024 * process.resourceUsage().maxRSS,
    };
    await new Promise((sent) => process.send?.(told, sent));
  }
  process.disconnect?.();
}

interface Tally {
  name: string;
  inputs: number;
  read: number;
  refused: number;
  broken: number;
  nonsense: number;
  hangs: number;
  longestMs: number;
  peakBytes: number;
}

/** All inputs of a reader; a process that hangs or dies is ended, and another goes on behind that input. */
async function watch(reader: Reader): Promise<Tally> {
  const tally = { name: reader.name, inputs: 0, read: 0, refused: 0, broken: 0, nonsense: 0, hangs: 0 };
  let longestMs = 0,
    peakBytes = 0;
  while (tally.inputs < perReader) {
    const ending = await new Promise<"done" | "hang" | "died">((resolve) => {
      const args = ["--inputs", values.inputs, "--seed", values.seed, "--reader", reader.name];
      const child = fork(fileURLToPath(import.meta.url), [...args, "--first", String(tally.inputs)]);
      let hangs = false;
      const wait = () =>
        setTimeout(() => {
          hangs = true;
          child.kill("SIGKILL");
        }, 1000 * hangSeconds);
      let timer = wait();
      child.on("message", (message) => {
        const told = message as Told;
        clearTimeout(timer);
        timer = wait();
        tally.inputs++;
        tally[told.kind]++;
        longestMs = Math.max(longestMs, told.milliseconds);
        peakBytes = Math.max(peakBytes, told.peakBytes);
        if (told.text !== "") process.stderr.write(`${reader.name}, input ${tally.inputs}: ${told.text}\n`);
      });
      child.on("close", (code) => {
        clearTimeout(timer);
        resolve(hangs ? "hang" : code === 0 ? "done" : "died");
      });
    });
    if (ending === "done") continue;
    process.stderr.write(`${reader.name}, input ${tally.inputs + 1}: the process ${ending}s\n`);
    tally.inputs++;
    if (ending === "hang") tally.hangs++;
    else tally.broken++;
  }
  return { ...tally, longestMs, peakBytes };
}

/** Arguments of the command that reads such a file; nothing where no command takes it alone. */
function commandFor({ file }: Reader, folder: string): string[] | undefined {
  const path = join(folder, file),
    map = join(folder, "sound.mrc");
  const simulate = ["--particles", "2", "--box", "16", "--snr", "1", "--out", join(folder, "out")];
  if (/\.(star|cs|csg|mrcs?)$/.test(file) && file.startsWith("x.")) return ["inspect", path, "--json"];
  if (/\.(pdb|cif)$/.test(file)) return ["simulate", path, ...simulate, "--pixel-size", "4"];
  if (file.endsWith(".csv")) return ["simulate", map, ...simulate, "--defocus-table", path];
  if (/\.(json|jsonl)$/.test(file)) return ["report", folder];
  return undefined;
}

interface Ended {
  code: number | "hang";
  /** Whether an error is one line, and nothing that was printed holds a control character. */
  clean: boolean;
}

async function command(args: readonly string[]): Promise<Ended> {
  const program = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "",
    stderr = "",
    hangs = false;
  child.stdout.on("data", (data) => (stdout += String(data)));
  child.stderr.on("data", (data) => (stderr += String(data)));
  const timer = setTimeout(() => {
    hangs = true;
    child.kill("SIGKILL");
  }, 1000 * hangSeconds);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  const oneLine = code === 0 || stderr.trimEnd().split("\n").length === 1;
  const clean = oneLine && !/(?!\n)\p{Cc}/u.test(stdout + stderr);
  if (!hangs && (code === 70 || !clean)) process.stderr.write(`${args.join(" ")}\n${stderr.slice(0, 500)}\n`);
  return { code: hangs || code === null ? "hang" : code, clean };
}

/** Some inputs of every reader that a command takes, given to that command. */
async function commands(count: number): Promise<Ended[]> {
  const folder = await mkdtemp(join(tmpdir(), "cryogan-fuzz-"));
  const taken = readers.filter((reader) => commandFor(reader, folder) !== undefined);
  const ended: Ended[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const reader = taken[i % taken.length]!,
        own = join(folder, String(i));
      await mkdir(own);
      await writeFile(join(own, "sound.mrc"), seeds.maps[2]!);
      await writeFile(join(own, "a.mrcs"), seeds.stack);
      if (reader.file !== "config.json") await writeFile(join(own, "config.json"), seeds.configs[0]!);
      // From the end, so that there are others than the first of each reader.
      await writeFile(join(own, reader.file), inputsFor(reader).at(-1 - Math.floor(i / taken.length))!);
      ended.push(await command(commandFor(reader, own)!));
      await rm(own, { recursive: true });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return ended;
}

if (values.reader !== undefined) {
  await readAll(readers.find(({ name }) => name === values.reader)!, Number(values.first));
} else {
  const tallies: Tally[] = [];
  for (const reader of readers) tallies.push(await watch(reader));
  const sum = (key: "inputs" | "read" | "refused" | "broken" | "nonsense" | "hangs"): number =>
    tallies.reduce((total, tally) => total + tally[key], 0);
  const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const heads = ["reader", "inputs", "a value", "one line", "as a bug (70)", "hangs", "nonsense", "longest"];
  const lines = [
    `${new Date().toISOString().slice(0, 10)}, commit ${commit}, seed ${seed}:`,
    "",
    row([...heads, "peak memory"]),
    row(["---", ...heads.map(() => "---:")]),
    ...tallies.map(({ name, inputs, read, refused, broken, hangs, nonsense, longestMs, peakBytes }) =>
      row([
        ...[name, inputs, read, refused, broken, hangs, nonsense],
        `${Math.ceil(longestMs)} ms`,
        `${Math.round(peakBytes / 1e6)} MB`,
      ]),
    ),
    row([
      ...["**all**", sum("inputs"), sum("read"), sum("refused"), sum("broken"), sum("hangs"), sum("nonsense")],
      `${Math.ceil(Math.max(...tallies.map(({ longestMs }) => longestMs)))} ms`,
      `${Math.round(Math.max(...tallies.map(({ peakBytes }) => peakBytes)) / 1e6)} MB`,
    ]),
  ];
  const ended = await commands(Number(values.commands));
  const withCode = (code: number | "hang"): number => ended.filter((one) => one.code === code).length;
  lines.push(
    "",
    row(["commands", "exit 0", "exit 1", "exit 2", "exit 70", "hangs", "more than a line, or a control character"]),
    row(Array.from({ length: 7 }, () => "---:")),
    row([ended.length, ...([0, 1, 2, 70, "hang"] as const).map(withCode), ended.filter(({ clean }) => !clean).length]),
  );
  process.stdout.write(`${lines.join("\n")}\n`);
}
