/**
 * How often the verdict of a run errs: small runs whose maps come out right or wrong, each compared with the truth that
 * the verdict does not know. Prints a line of JSON a run, what the verdict rests on included, and a table at the end;
 * asserts nothing. A map is right if its mean FSC with the truth is at least 0.5 in the finer half of the shells worked
 * at; how many are said to be found to a finer shell than the last at which it is 0.5 is counted besides.
 *
 *   npx tsx bench/verdict.ts [--seeds 4] [--from 1] [--case ribosome ...] [--threads 1] [--data folder] [--real folder]
 *   npx tsx bench/verdict.ts --judge runs.jsonl       judges runs again that were printed before
 *
 * --real is a folder with particles.star and reference.mrc of apoferritin; without it those cases are left out.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { columnIndex, parseStar } from "../src/io/star.ts";
import type { RunRequest } from "../src/reconstruct/options.ts";
import { nodeHost } from "../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../src/reconstruct/run/run.ts";
import type { Stage } from "../src/reconstruct/stage.ts";
import { judge } from "../src/reconstruct/verdict/judge.ts";
import type { Evidence, Verdict } from "../src/reconstruct/verdict/verdict.ts";
import { createStream } from "../src/runtime/random.ts";
import { betagal, ensureSimulated, fscWithTruth, isRight, ribosome, type Simulated } from "./simulated.ts";
import { ensureImages } from "./small/images.ts";
import { goodShells } from "./table.ts";

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

const real = values.real === undefined ? undefined : resolve(values.real);

const particles = 2500;
const ribosomeOf = (snr: number): Simulated => ribosome(32, particles, snr),
  betagalOf = (snr: number): Simulated => betagal(particles, snr);
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
/** To a finer shell than so few images of a small molecule can show. */
const fine: Stage[] = [
  adversarial(8, 250),
  refine(8, 6),
  refine(11, 6),
  refine(14, 4),
  { kind: "local", maxRadius: 18, iterations: 2, particles: all },
  { kind: "local", maxRadius: 23, iterations: 2, particles: all },
];
const fewParticles = "4000";
const unlucky = ([, ...rest]: Stage[]): Stage[] => [adversarial(8, 1), ...rest];

interface Case {
  simulated?: Simulated;
  /** In its place a small molecule at a low dose, by the name of its case in small/cases.ts: so few particles. */
  small?: string;
  /** Defoci are dealt out to the particles anew. */
  shuffled?: boolean;
  /** Nothing is there to find. */
  noise?: boolean;
  request: Partial<RunRequest>;
}
const apoferritin = { symmetry: "O", maskDiameter: 150, maxShift: 8, invertContrast: true };
const cases: Record<string, Case> = {
  ribosome: { simulated: ribosomeOf(0.1), request: { stages: small } },
  "ribosome, SNR 0.05": { simulated: ribosomeOf(0.05), request: { stages: small } },
  "ribosome, SNR 0.03": { simulated: ribosomeOf(0.03), request: { stages: small } },
  "ribosome, SNR 0.01": { simulated: ribosomeOf(0.01), request: { stages: small } },
  "ribosome, one adversarial iteration": { simulated: ribosomeOf(0.1), request: { stages: unlucky(small) } },
  "ribosome, half-maps": { simulated: ribosomeOf(0.1), request: { stages: small, halfMaps: true } },
  "ribosome as D2": { simulated: ribosomeOf(0.1), request: { stages: small, symmetry: "D2" } },
  "ribosome as C3": { simulated: ribosomeOf(0.1), request: { stages: small, symmetry: "C3" } },
  "ribosome as D2, half-maps": {
    simulated: ribosomeOf(0.1),
    request: { stages: small, symmetry: "D2", halfMaps: true },
  },
  "ribosome, contrast inverted": { simulated: ribosomeOf(0.1), request: { stages: small, invertContrast: true } },
  "ribosome, defocus shuffled": { simulated: ribosomeOf(0.1), shuffled: true, request: { stages: small } },
  noise: { simulated: ribosomeOf(1e-6), noise: true, request: { stages: small } },
  "noise as D2": { simulated: ribosomeOf(1e-6), noise: true, request: { stages: small, symmetry: "D2" } },
  "noise, half-maps": { simulated: ribosomeOf(1e-6), noise: true, request: { stages: small, halfMaps: true } },
  "β-gal as D2": { simulated: betagalOf(0.1), request: { stages: large, symmetry: "D2" } },
  "β-gal as C1": { simulated: betagalOf(0.1), request: { stages: large } },
  "β-gal as C1, one adversarial iteration": { simulated: betagalOf(0.1), request: { stages: unlucky(large) } },
  "β-gal as C3": { simulated: betagalOf(0.1), request: { stages: large, symmetry: "C3" } },
  "β-gal as O": { simulated: betagalOf(0.1), request: { stages: large, symmetry: "O" } },
  "β-gal, contrast inverted": {
    simulated: betagalOf(0.1),
    request: { stages: large, symmetry: "D2", invertContrast: true },
  },
  "β-gal, defocus shuffled": {
    simulated: betagalOf(0.1),
    shuffled: true,
    request: { stages: large, symmetry: "D2" },
  },
  monomer: { small: "monomer", request: { stages: fine } },
  "monomer, one adversarial iteration": { small: "monomer", request: { stages: unlucky(fine) } },
  "monomer as C3": { small: "monomer", request: { stages: fine, symmetry: "C3" } },
  "membrane protein": { small: "membrane", request: { stages: fine } },
  "membrane protein, one adversarial iteration": { small: "membrane", request: { stages: unlucky(fine) } },
  "membrane protein as C3": { small: "membrane", request: { stages: fine, symmetry: "C3" } },
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
  const folder = resolve(values.data ?? (await mkdtemp(join(tmpdir(), "cryogan-verdict-")))),
    rows: Row[] = [];
  const first = Number(values.from);
  for (let seed = first; seed < first + Number(values.seeds); seed++) {
    for (const name of values.case ?? Object.keys(cases)) {
      const { simulated, small } = cases[name]!;
      if (!simulated && !small && real === undefined) continue;
      const row = await runOne(folder, name, seed);
      rows.push(row);
      console.log(JSON.stringify(row));
    }
  }
  console.log(table(rows));
}

async function runOne(folder: string, name: string, seed: number): Promise<Row> {
  const { small, shuffled, noise, request } = cases[name]!,
    out = join(folder, `run-${process.pid}`);
  const source = await sourceOf(folder, cases[name]!);
  const { maps, elapsedSeconds } = await reconstruct(nodeHost, {
    ...(small ? {} : { maxShift: 0 }), // their particles are off the centres of their boxes
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
    fsc = (await fscWithTruth(maps[0]!, source.truth)).map((v) => Number(v.toFixed(3)));
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

async function sourceOf(folder: string, { simulated, small }: Case): Promise<{ particles: string; truth: string }> {
  if (simulated) return ensureSimulated(join(folder, `${simulated.box}-${simulated.snr}`), simulated);
  if (small) {
    const data = await ensureImages(join(folder, "small"), small, 1, { particles: fewParticles });
    return { particles: join(data, "particles.star"), truth: join(data, "truth.mrc") };
  }
  return { particles: join(real!, "particles.star"), truth: join(real!, "reference.mrc") };
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
  const judged = rows.map((row) => ({
    ...row,
    right: row.fsc !== undefined && isRight(row.fsc, row.evidence),
    verdict: judge(row.evidence),
  }));
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
      Math.floor(evidence.boxAngstrom / verdict.resolutionAngstrom! + 1e-6) > goodShells(fsc),
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
