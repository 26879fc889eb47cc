/**
 * The real particles of data/apoferritin over several seeds, in the ways a user would run them, compared with the known
 * structure; RELION's auto-refine beside it. Prints a row a run as they come, and what the seeds come to; asserts
 * nothing.
 *
 *   npm run bench:real -- [--seeds 10] [--from 1] [--cases defaults,half-maps,c1,start] [--relion] [--threads 2]
 *     [--data data/apoferritin] [--folder runs] [--json]
 *
 * See README.md in this folder for what is compared and how.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { evaluateAgainstReference, evaluateHalfMaps } from "../src/evaluate/evaluate.ts";
import type { Crossing, FscResult } from "../src/evaluate/fsc.ts";
import { compareHands, meanOfShells } from "../src/evaluate/hands.ts";
import { disk } from "../src/io/disk.ts";
import { readMap } from "../src/io/mrc.ts";
import type { RunRequest } from "../src/reconstruct/options.ts";
import { nodeHost } from "../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../src/reconstruct/run/run.ts";
import { refineWithRelion } from "./realRelion.ts";
import { type RealRun, summary, tableHead, tableRow } from "./realTable.ts";

/** 20 to 11.4 Å in the box of 240 Å. */
const shells = [12, 21] as const;
const startAngstrom = 15;

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    seeds: { ...text, default: "10" },
    from: { ...text, default: "1" },
    cases: { ...text, default: "defaults,half-maps,c1,start" },
    relion: { type: "boolean", default: false },
    threads: { ...text, default: "2" },
    data: { ...text, default: fileURLToPath(new URL("../data/apoferritin", import.meta.url)) },
    /** Where runs are kept; without it they are removed. */
    folder: text,
    json: { type: "boolean", default: false },
  },
});
const data = resolve(values.data),
  reference = join(data, "reference.mrc");

interface Case {
  start: string;
  request: Partial<RunRequest>;
  /** No group was given: the map is turned onto the axes of the known structure. */
  turned?: boolean;
}
const known = `known structure, to ${startAngstrom} Å`;
const cases: Record<string, Case> = {
  defaults: { start: "none", request: { symmetry: "O" } },
  "half-maps": { start: "none", request: { symmetry: "O", halfMaps: true } },
  c1: { start: "none", request: {}, turned: true },
  start: { start: known, request: { symmetry: "O", start: reference, startResolution: startAngstrom } },
};
const chosen = values.cases.split(",").filter(Boolean);
const unknown = chosen.find((name) => !(name in cases));
if (unknown !== undefined) throw new Error(`--cases: ${unknown} is none of ${Object.keys(cases).join(", ")}`);

const folder = values.folder ? resolve(values.folder) : mkdtempSync(join(tmpdir(), "cryogan-real-"));
const first = Number(values.from),
  seeds = Array.from({ length: Number(values.seeds) }, (_, i) => first + i);
const runs: RealRun[] = [];
function show(run: RealRun): void {
  runs.push(run);
  console.log(values.json ? JSON.stringify(run) : tableRow(run));
}

console.error(`load ${loadavg()[0]!.toFixed(1)}; times compare with others of the same moment only`);
if (!values.json) console.log(tableHead);
for (const name of chosen) for (const seed of seeds) show(await runCase(name, seed));
if (values.relion) show(await runRelion(first));
if (!values.json) console.log(`\n${summary(runs)}`);
if (!values.folder) rmSync(folder, { recursive: true });

async function runCase(name: string, seed: number): Promise<RealRun> {
  const { start, request, turned } = cases[name]!,
    out = join(folder, `${name}-${seed}`);
  const { elapsedSeconds, verdict } = await reconstruct(nodeHost, {
    ...request,
    particlesFile: join(data, "particles.star"),
    out,
    device: "cpu",
    seed,
    threads: Number(values.threads),
    overwrite: true,
  });
  return {
    case: name,
    start,
    seed,
    ...(await compared(join(out, "map.mrc"), turned)),
    ...(request.halfMaps ? { halves0143: await halvesResolution(out) } : {}),
    seconds: elapsedSeconds,
    verdict,
  };
}

/** Of half-maps, as the run itself tells it. */
async function halvesResolution(out: string): Promise<Crossing> {
  return at0143(JSON.parse(await readFile(join(out, "fsc.json"), "utf8")) as FscResult);
}

async function compared(map: string, turned = false): Promise<Pick<RealRun, "meanFsc" | "at05" | "at0143">> {
  const { fsc } = turned
    ? (await evaluateAgainstReference(disk.at(map), disk.at(reference))).report
    : (await compareHands(disk.at(map), disk.at(reference), shells)).report;
  return {
    meanFsc: meanOfShells(fsc.fsc, shells),
    at05: { angstrom: fsc.resolution05Angstrom, orBetter: fsc.resolution05OrBetter },
    at0143: at0143(fsc),
  };
}

function at0143({ resolution0143Angstrom, resolution0143OrBetter }: FscResult): Crossing {
  return { angstrom: resolution0143Angstrom, orBetter: resolution0143OrBetter };
}

async function runRelion(seed: number): Promise<RealRun> {
  const { pixelSizeAngstrom } = await readMap(disk.at(reference));
  const { map, halves, seconds } = refineWithRelion(data, join(folder, "relion"), {
    startAngstrom,
    pixelSizeAngstrom,
    seed,
  });
  const { report } = await evaluateHalfMaps(disk.at(halves[0]), disk.at(halves[1]), { align: false });
  return {
    case: "RELION 3.1 auto-refine",
    start: known,
    seed,
    ...(await compared(map)),
    halves0143: at0143(report.fsc),
    seconds,
  };
}
