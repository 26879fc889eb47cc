/** The programs that reconstruct the same STAR file: how each is started, and which maps it leaves when. */
import { copyFileSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ChildResult, runChild } from "./childProcess.ts";

export interface Problem {
  /** As `cryogan simulate` writes it: one stack, one optics group, centred particles. */
  star: string;
  boxSize: number;
  boxAngstrom: number;
  threads: number;
  seed: number;
  /** Cores as taskset writes them. */
  cores: string;
  limitSeconds: number;
}

export interface MapAt {
  path: string;
  /** As the file's name says. */
  iteration: number;
  /** Time of the file since the program was started: reading of particles and everything else included. */
  seconds: number;
}

export interface Run extends ChildResult {
  maps: MapAt[];
}

/** Radius of the particle as a fraction of the box, this program's default; all contestants are told the same. */
const maskRadius = 0.45;
const root = fileURLToPath(new URL("..", import.meta.url));

/** The built command line of this program. */
export const commandLine = [process.execPath, join(root, "dist", "main.js")] as const;

/** Maps in a folder, by time. `name` captures the iteration. */
export function mapsIn(folder: string, name: RegExp, startMs: number): MapAt[] {
  return readdirSync(folder)
    .flatMap((file) => {
      const match = name.exec(file);
      const path = join(folder, file);
      return match ? [{ path, iteration: Number(match[1]), seconds: (statSync(path).mtimeMs - startMs) / 1000 }] : [];
    })
    .sort((a, b) => a.seconds - b.seconds);
}

/**
 * Milliseconds of an iteration between two iterations, from the maps that lie in between; undefined where there are
 * fewer than two.
 */
export function msPerIteration(maps: readonly MapAt[], from: number, to: number): number | undefined {
  const within = maps.filter((m) => m.iteration >= from && m.iteration <= to);
  const first = within[0],
    last = within.at(-1);
  return first && last && last.iteration > first.iteration
    ? (1000 * (last.seconds - first.seconds)) / (last.iteration - first.iteration)
    : undefined;
}

/**
 * `cryogan reconstruct`; it replaces its map after every stage or pass, and each is copied when it says so. @param
 * extra further options of that command
 */
export async function runCryogan(problem: Problem, out: string, extra: readonly string[]): Promise<Run> {
  const run = join(out, "run"),
    maps = join(out, "maps");
  mkdirSync(maps, { recursive: true });
  let count = 0;
  const [node, main] = commandLine;
  const args = [
    main,
    "reconstruct",
    problem.star,
    "--out",
    run,
    "--overwrite",
    "--max-shift",
    "0",
    "--device",
    "cpu",
    "--threads",
    String(problem.threads),
    "--seed",
    String(problem.seed),
    "--json",
    ...extra,
  ];
  const result = await runChild(node, args, {
    cores: problem.cores,
    limitSeconds: problem.limitSeconds,
    onLine(line) {
      const event = JSON.parse(line) as { type: string; path?: string };
      if (event.type === "map")
        copyFileSync(join(run, event.path!), join(maps, `map_${String(++count).padStart(4, "0")}.mrc`));
    },
  });
  return { ...result, maps: mapsIn(maps, /^map_(\d+)\.mrc$/, result.startMs) };
}

/** Debian's PyTorch running pytorch_train.py. @param stages as there @param mapSeconds between maps */
export async function runPytorch(problem: Problem, out: string, stages: string, mapSeconds: number): Promise<Run> {
  const script = fileURLToPath(new URL("pytorch_train.py", import.meta.url));
  const args = [
    script,
    problem.star,
    out,
    "--stages",
    stages,
    "--every",
    String(mapSeconds),
    "--threads",
    String(problem.threads),
    "--mask-radius",
    String(maskRadius),
    "--seed",
    String(problem.seed),
  ];
  // Spinning threads, OpenMP's default, make it many times slower on cores shared with others.
  const result = await runChild("/usr/bin/python3", args, {
    cores: problem.cores,
    limitSeconds: problem.limitSeconds,
    env: { OMP_WAIT_POLICY: "PASSIVE" },
  });
  return { ...result, maps: mapsIn(out, /^map_(\d+)\.mrc$/, result.startMs) };
}

export interface RelionSchedule {
  /** SGD iterations at the first resolution, between, and at the last. */
  iterations: readonly [number, number, number];
  /**
   * Search range of the particles' offsets, pixels. 0: they are centred, which the others are told too. The graphical
   * interface has 6.
   */
  offsetRange: number;
}

/** Iterations of RELION between maps. Its graphical interface has 10. */
const writeEvery = 5;

/**
 * Arguments of `relion_refine` for an initial model: what the graphical interface of RELION 3.1 gives by default
 * (InitialModel in its pipeline_jobs.cpp), but the final resolution, which is there 15 Å and here the images' Nyquist
 * frequency, the mask's diameter, and what `schedule` says.
 */
export function relionArguments(star: string, out: string, problem: Problem, schedule: RelionSchedule): string[] {
  const [initial, between, final] = schedule.iterations;
  return [
    "--i",
    star,
    "--o",
    out,
    "--sgd",
    "--denovo_3dref",
    "--ctf",
    "--K",
    "1",
    "--sym",
    "C1",
    "--flatten_solvent",
    "--zero_mask",
    "--sgd_ini_iter",
    String(initial),
    "--sgd_inbetween_iter",
    String(between),
    "--sgd_fin_iter",
    String(final),
    "--sgd_write_iter",
    String(writeEvery),
    "--sgd_ini_resol",
    "35",
    "--sgd_fin_resol",
    String(Math.floor((2 * problem.boxAngstrom) / problem.boxSize)), // read as a whole number
    "--sgd_ini_subset",
    "100",
    "--sgd_fin_subset",
    "500",
    "--dont_combine_weights_via_disc",
    "--pool",
    "3",
    "--pad",
    "2",
    "--skip_gridding",
    "--particle_diameter",
    String(Math.round(2 * maskRadius * problem.boxAngstrom)),
    "--oversampling",
    "1",
    "--healpix_order",
    "1",
    "--offset_range",
    String(schedule.offsetRange),
    "--offset_step",
    "4",
    "--j",
    String(problem.threads),
    "--random_seed",
    String(problem.seed),
  ];
}

/** RELION's stochastic gradient descent. */
export async function runRelion(problem: Problem, out: string, schedule: RelionSchedule): Promise<Run> {
  mkdirSync(out, { recursive: true });
  // RELION takes names of stacks from where it was started, not from where the STAR file lies.
  const result = await runChild(
    "relion_refine",
    relionArguments("particles.star", join(out, "run"), problem, schedule),
    {
      cwd: dirname(problem.star),
      cores: problem.cores,
      limitSeconds: problem.limitSeconds,
    },
  );
  return { ...result, maps: mapsIn(out, /_it(\d+)_class001\.mrc$/, result.startMs).filter((map) => map.iteration > 0) };
}
