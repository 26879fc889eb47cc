/**
 * How often the verdict of a run errs: small runs whose maps come out right or wrong, each compared with the truth that
 * the verdict does not know. Prints a line of JSON a run, what the verdict rests on included, and a table at the end;
 * asserts nothing. A map is right if its mean FSC with the truth is at least 0.5 in the finer half of the shells worked
 * at.
 *
 *   npx tsx bench/verdict.ts [--seeds 4] [--from 1] [--case ribosome ...] [--threads 1] [--data folder] [--real folder]
 *   npx tsx bench/verdict.ts --judge runs.jsonl       judges runs again that were printed before
 *
 * --real is a folder with particles.star and reference.mrc of apoferritin; without it those cases are left out.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { simulate } from "../src/cli/actions/simulate.ts";
import { parseSimulateOptions } from "../src/cli/options/simulate.ts";
import { evaluateAgainstReference } from "../src/evaluate/evaluate.ts";
import { disk } from "../src/io/disk.ts";
import { columnIndex, parseStar } from "../src/io/star.ts";
import type { RunRequest } from "../src/reconstruct/options.ts";
import { nodeHost } from "../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../src/reconstruct/run/run.ts";
import type { Stage } from "../src/reconstruct/stage.ts";
import { judge } from "../src/reconstruct/verdict/judge.ts";
import type { Evidence, Verdict } from "../src/reconstruct/verdict/verdict.ts";
import { createStream } from "../src/runtime/random.ts";

interface Row {
  case: string;
  seed: number;
  /** FSC with the truth, shells 1, 2, …; absent where there is none, as of noise. */
  fsc?: number[];
  seconds: number;
  evidence: Evidence;
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "4" },
    from: { type: "string", default: "1" },
    case: { type: "string", multiple: true },
    threads: { type: "string", default: "1" },
    data: { type: "string" },
    real: { type: "string" },
    judge: { type: "string" },
  },
});

const file = (name: string): string => new URL(`../data/${name}`, import.meta.url).pathname;
const data = {
  ribosome: (snr: number) => ({
    model: file("ribosome-70s-65.mrc"),
    mapPixelSize: 5,
    box: 32,
    particles: 2500,
    snr,
    defocusRange: "1,2.5",
  }),
  betagal: (snr: number) => ({
    model: file("5a1a.cif.gz"),
    particles: 2500,
    box: 64,
    pixelSize: 3.8,
    snr,
    symmetricFrame: true,
    defocusTable: file("betagal-defocus.csv"),
    voltage: 300,
    cs: 2.7,
    amplitudeContrast: 0.07,
  }),
};
const all = Number.POSITIVE_INFINITY;
const adversarial = (maxRadius: number, iterations: number): Stage => ({ kind: "adversarial", maxRadius, iterations });
const refine = (maxRadius: number, iterations: number): Stage => ({
  kind: "refinement",
  maxRadius,
  iterations,
  particles: all,
});
const small: Stage[] = [adversarial(8, 250), refine(8, 5), refine(11, 4), refine(14, 3)];
const large: Stage[] = [...small, { kind: "local", maxRadius: 18, iterations: 2, particles: all }];
const unlucky = ([, ...rest]: Stage[]): Stage[] => [adversarial(8, 1), ...rest];

interface Case {
  simulated?: Record<string, unknown>;
  /** Defoci are dealt out to the particles anew. */
  shuffled?: boolean;
  /** Nothing is there to find. */
  noise?: boolean;
  request: Partial<RunRequest>;
}
const apoferritin = { symmetry: "O", maskDiameter: 150, maxShift: 8, invertContrast: true };
const cases: Record<string, Case> = {
  ribosome: { simulated: data.ribosome(0.1), request: { stages: small } },
  "ribosome, SNR 0.05": { simulated: data.ribosome(0.05), request: { stages: small } },
  "ribosome, SNR 0.03": { simulated: data.ribosome(0.03), request: { stages: small } },
  "ribosome, SNR 0.01": { simulated: data.ribosome(0.01), request: { stages: small } },
  "ribosome, one adversarial iteration": { simulated: data.ribosome(0.1), request: { stages: unlucky(small) } },
  "ribosome, half-maps": { simulated: data.ribosome(0.1), request: { stages: small, halfMaps: true } },
  "ribosome as D2": { simulated: data.ribosome(0.1), request: { stages: small, symmetry: "D2" } },
  "ribosome as C3": { simulated: data.ribosome(0.1), request: { stages: small, symmetry: "C3" } },
  "ribosome as D2, half-maps": {
    simulated: data.ribosome(0.1),
    request: { stages: small, symmetry: "D2", halfMaps: true },
  },
  "ribosome, contrast inverted": { simulated: data.ribosome(0.1), request: { stages: small, invertContrast: true } },
  "ribosome, defocus shuffled": { simulated: data.ribosome(0.1), shuffled: true, request: { stages: small } },
  noise: { simulated: data.ribosome(1e-6), noise: true, request: { stages: small } },
  "noise as D2": { simulated: data.ribosome(1e-6), noise: true, request: { stages: small, symmetry: "D2" } },
  "noise, half-maps": { simulated: data.ribosome(1e-6), noise: true, request: { stages: small, halfMaps: true } },
  "β-gal as D2": { simulated: data.betagal(0.1), request: { stages: large, symmetry: "D2" } },
  "β-gal as C1": { simulated: data.betagal(0.1), request: { stages: large } },
  "β-gal as C1, one adversarial iteration": { simulated: data.betagal(0.1), request: { stages: unlucky(large) } },
  "β-gal as C3": { simulated: data.betagal(0.1), request: { stages: large, symmetry: "C3" } },
  "β-gal as O": { simulated: data.betagal(0.1), request: { stages: large, symmetry: "O" } },
  "β-gal, contrast inverted": {
    simulated: data.betagal(0.1),
    request: { stages: large, symmetry: "D2", invertContrast: true },
  },
  "β-gal, defocus shuffled": {
    simulated: data.betagal(0.1),
    shuffled: true,
    request: { stages: large, symmetry: "D2" },
  },
  "apoferritin from 30 Å": {
    request: { ...apoferritin, stages: [adversarial(8, 500), refine(8, 6), refine(20, 6)] },
  },
  "apoferritin from 15 Å": { request: { ...apoferritin, stages: [adversarial(16, 600), refine(20, 10)] } },
};

if (values.judge === undefined) await runAll();
else console.log(table((await readFile(values.judge, "utf8")).trim().split("\n").filter(isRow).map(rowOf)));

function isRow(line: string): boolean {
  return line.startsWith(`{"case"`);
}
function rowOf(line: string): Row {
  return JSON.parse(line) as Row;
}

async function runAll(): Promise<void> {
  const folder = values.data ?? (await mkdtemp(join(tmpdir(), "cryogan-verdict-"))),
    rows: Row[] = [];
  const first = Number(values.from);
  for (let seed = first; seed < first + Number(values.seeds); seed++) {
    for (const name of values.case ?? Object.keys(cases)) {
      if (!cases[name]!.simulated && values.real === undefined) continue;
      const row = await runOne(folder, name, seed);
      rows.push(row);
      console.log(JSON.stringify(row));
    }
  }
  console.log(table(rows));
}

async function runOne(folder: string, name: string, seed: number): Promise<Row> {
  const { simulated, shuffled, noise, request } = cases[name]!,
    out = join(folder, `run-${process.pid}`);
  const source = simulated
    ? await simulatedData(folder, simulated)
    : { particles: join(values.real!, "particles.star"), truth: join(values.real!, "reference.mrc") };
  const { maps, elapsedSeconds } = await reconstruct(nodeHost, {
    maxShift: 0,
    ...request,
    particlesFile: shuffled ? await withShuffledDefoci(source.particles) : source.particles,
    out,
    device: "cpu",
    seed,
    threads: Number(values.threads),
    overwrite: true,
  });
  const { evidence } = JSON.parse(await readFile(join(out, "result.json"), "utf8")) as { evidence: Evidence };
  let fsc: number[] | undefined;
  if (!noise) {
    const { report } = await evaluateAgainstReference(maps[0]!, disk.at(source.truth), { mask: "none" });
    fsc = report.fsc.fsc.map((v) => Number(v.toFixed(3)));
  }
  await rm(out, { recursive: true, force: true });
  return {
    case: name,
    seed,
    ...(fsc ? { fsc } : {}),
    seconds: Math.round(elapsedSeconds),
    evidence,
  };
}

function isRight({ fsc, evidence }: Row): boolean {
  if (!fsc) return false;
  const finest = Math.round(evidence.boxAngstrom / evidence.finestAngstrom),
    finer = fsc.slice(finest >> 1, finest);
  return finer.reduce((sum, v) => sum + v, 0) / finer.length >= 0.5;
}

/** Last shell before a curve falls below a threshold. */
function reachedShell(fsc: readonly number[], threshold: number): number {
  const below = fsc.findIndex((v) => v < threshold);
  return below < 0 ? fsc.length : below;
}

async function simulatedData(folder: string, simulated: Record<string, unknown>) {
  const out = join(folder, `${simulated.box as number}-${simulated.snr as number}`);
  if (!existsSync(join(out, "particles.star")))
    await simulate(parseSimulateOptions({ ...simulated, out, device: "cpu", json: false }));
  return { particles: join(out, "particles.star"), truth: join(out, "truth.mrc") };
}

/** A particle file beside the one given, in which each particle has the defocus of another. */
async function withShuffledDefoci(path: string): Promise<string> {
  const to = path.replace(/\.star$/, "-shuffled.star");
  if (existsSync(to)) return to;
  const text = await readFile(path, "utf8"),
    block = parseStar(text, path).find(({ columns }) => columns.includes("rlnDefocusU"))!,
    names = ["rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle"],
    places = names.map((name) => columnIndex(block, name, path)!);
  const other = createStream(1, "shuffled defoci").permutation(block.rowCount),
    lines = text.split("\n");
  for (let row = 0; row < block.rowCount; row++) {
    const at = block.line(row) - 1,
      fields = lines[at]!.trim().split(/\s+/);
    for (const place of places) fields[place] = block.value(other[row]!, place);
    lines[at] = fields.join(" ");
  }
  await writeFile(to, lines.join("\n"));
  return to;
}

function table(rows: readonly Row[]): string {
  const judged = rows.map((row) => ({ ...row, right: isRight(row), verdict: judge(row.evidence) }));
  const count = (of: typeof judged, kind: Verdict["kind"]): number =>
    of.filter(({ verdict }) => verdict.kind === kind).length;
  const line = (name: string, of: typeof judged): string =>
    `| ${name} | ${of.length} | ${count(of, "found")} | ${count(of, "uncertain")} | ${count(of, "notFound")} |`;
  const names = [...new Set(rows.map((row) => row.case))].flatMap((name) =>
    [true, false].map((right) => ({
      name: `${name}: ${right ? "right" : "wrong"}`,
      of: judged.filter((row) => row.case === name && row.right === right),
    })),
  );
  const odd = (row: Row): boolean => row.seed % 2 === 1;
  const sums = [true, false].flatMap((right) =>
    [true, false].map((chosen) => ({
      name: `all ${right ? "right" : "wrong"} maps, ${chosen ? "odd" : "even"} seeds`,
      of: judged.filter((row) => row.right === right && odd(row) === chosen),
    })),
  );
  const tooFine = judged.filter(
    ({ verdict, fsc, evidence }) =>
      verdict.kind === "found" &&
      !evidence.halves && // the map compared is then one of them
      fsc &&
      Math.floor(evidence.boxAngstrom / verdict.resolutionAngstrom! + 1e-6) > reachedShell(fsc, 0.5),
  );
  return [
    "| map | runs | found | uncertain | not found |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...[...names, ...sums].filter(({ of }) => of.length > 0).map(({ name, of }) => line(name, of)),
    "",
    `found to a finer resolution than FSC 0.5 with the truth: ${tooFine.length} of ` +
      `${count(
        judged.filter(({ evidence }) => !evidence.halves),
        "found",
      )} without half-maps`,
  ].join("\n");
}
