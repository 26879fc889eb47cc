/**
 * Particles in a cryoSPARC job folder. A job's outputs are .cs files, most with a passthrough file that holds the
 * fields which the job took over from those before it; job.json lists both (https://guide.cryosparc.com, "Manipulating
 * .cs files").
 */

import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { InputError } from "../base/errors.ts";
import { disk, fileError } from "./disk.ts";
import { readText } from "./files.ts";

export interface JobParticles {
  /** Absolute path of the .cs file of particles, and of its passthrough file if it has one. */
  particles: string;
  passthrough?: string;
  /** The folder of the project, which paths in .cs files start from. */
  projectFolder: string;
}

export interface JobChoice {
  /** The .cs file to take, by its path or its name in the folder, where the job has several. */
  particlesFile?: string;
  /** Taken instead of the one that the job names. */
  passthrough?: string;
}

/** One output of particles. */
interface Output {
  group: string;
  particles: string;
  passthrough?: string;
}

/** What is no result: particles left out or left over. */
const unwanted = /excluded|incomplete|remainder|rejected|uncategorized|unused/;

/** @throws InputError when there are no particles in the folder, or several sets of them and none is chosen */
export async function findJobParticles(
  folder: string,
  { particlesFile, passthrough }: JobChoice = {},
): Promise<JobParticles> {
  const job = resolve(folder),
    projectFolder = dirname(job);
  if (
    !(await stat(job).then(
      (s) => s.isDirectory(),
      () => false,
    ))
  )
    throw new InputError(`${folder}: no such folder; give the folder of a cryoSPARC job, such as J42`);
  const there = await readdir(job).catch((error: unknown) => {
    throw fileError("read", folder, error);
  });
  const names = there.filter((name) => name.endsWith(".cs")).sort();
  const outputs = (await outputsOfJobJson(job)) ?? outputsByName(job, names);
  const chosen =
    particlesFile === undefined ? theOne(folder, outputs, names) : chosenOne(job, particlesFile, outputs, names);
  const other = passthrough ?? chosen.passthrough;
  return {
    particles: chosen.particles,
    ...(other === undefined ? {} : { passthrough: resolve(other) }),
    projectFolder,
  };
}

function theOne(folder: string, outputs: readonly Output[], names: readonly string[]): Output {
  const results = outputs.filter(({ group }) => !unwanted.test(group));
  // All classes together stand beside each by itself.
  const single = results.filter(({ group }) => !group.endsWith("all_classes"));
  const [first, second] = single.length > 0 ? single : results;
  if (first === undefined) {
    const others = names.length > 0 ? ` (${names.join(", ")}); choose a file with --particles-file` : " (no .cs file)";
    throw new InputError(`${folder} has no output of particles${others}`);
  }
  if (second !== undefined) {
    throw new InputError(
      `${folder} has several sets of particles ` +
        `(${results.map(({ particles }) => basename(particles)).join(", ")}); choose one with --particles-file`,
    );
  }
  return first;
}

function chosenOne(job: string, particlesFile: string, outputs: readonly Output[], names: readonly string[]): Output {
  const path = [join(job, particlesFile), resolve(particlesFile)].find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new InputError(
      `${particlesFile} is neither in ${job} nor a path to a file; there are ${names.join(", ") || "no .cs files"}`,
    );
  return (
    outputs.find(({ particles }) => particles === path) ?? {
      group: basename(path),
      particles: path,
      passthrough: passthroughByName(job, basename(path), names),
    }
  );
}

/** The part of job.json that is read. */
const jobSchema = z.object({ output_results: z.array(z.unknown()) });
const resultSchema = z.object({
  type: z.string(),
  group_name: z.string(),
  metafiles: z.array(z.string()).nullish(),
  passthrough: z.boolean().nullish(),
});

/** The outputs that job.json lists; undefined where there is no such file, or it lists none. */
async function outputsOfJobJson(job: string): Promise<Output[] | undefined> {
  const path = join(job, "job.json");
  if (!existsSync(path)) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(await readText(disk.at(path)));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path} is not valid JSON: ${(error as Error).message}`);
  }
  const listed = jobSchema.safeParse(content);
  if (!listed.success) return undefined;
  const groups = new Map<string, { own?: string; passthrough?: string }>();
  for (const result of listed.data.output_results) {
    const { success, data } = resultSchema.safeParse(result);
    if (!success || !data.type.startsWith("particle")) continue;
    const { group_name: group, metafiles, passthrough } = data;
    // One file for each iteration that was kept, the last one last; named from the project's folder. Files of earlier
    // iterations may have been cleared.
    const file = metafiles
      ?.map((name) => join(job, name.replace(/^>?[^/]+\//, "")))
      .findLast((name) => existsSync(name));
    if (file === undefined) continue;
    const entry = groups.get(group) ?? {};
    entry[passthrough ? "passthrough" : "own"] = file;
    groups.set(group, entry);
  }
  return [...groups].flatMap(([group, { own, passthrough }]) => {
    if (own !== undefined) return [{ group, particles: own, passthrough }];
    // the job changed nothing but which particles there are
    return passthrough === undefined ? [] : [{ group, particles: passthrough }];
  });
}

/** The outputs as the names of files tell: J42_005_particles.cs is the fifth iteration of J42_particles.cs. */
function outputsByName(job: string, names: readonly string[]): Output[] {
  const latest = new Map<string, string>();
  for (const name of names) {
    if (!name.includes("particles") || isPassthrough(name)) continue;
    const key = name.replace(iteration, "_particles");
    const known = latest.get(key);
    if (known === undefined || iterationOf(name) > iterationOf(known)) latest.set(key, name);
  }
  return [...latest].map(([group, name]) => ({
    group,
    particles: join(job, name),
    passthrough: passthroughByName(job, name, names),
  }));
}

const iteration = /_(\d{3,}|final)_particles/;

function iterationOf(name: string): number {
  const found = iteration.exec(name)?.[1];
  if (found === undefined) return -1;
  return found === "final" ? Infinity : Number(found);
}

function isPassthrough(name: string): boolean {
  return /(^|_)passthrough_/.test(name);
}

/** The passthrough file of an output: of its name, of its class, or of all particles. */
function passthroughByName(job: string, name: string, names: readonly string[]): string | undefined {
  const found = names.filter(isPassthrough),
    number = /class_0*(\d+)/.exec(name)?.[1];
  const endings = [
    name,
    ...(number === undefined ? [] : [`particles_class_${number}.cs`]),
    "particles.cs",
    "particles_all_classes.cs",
  ];
  for (const ending of endings) {
    const match = found.find((candidate) => candidate.endsWith(`passthrough_${ending}`) && candidate !== name);
    if (match !== undefined) return join(job, match);
  }
  return undefined;
}
