import { basename, resolve } from "node:path";
import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { choice, path, type ValueKind, wholeNumber } from "../../base/values.ts";
import { parseReconstructOptions } from "../../reconstruct/optionSchema.ts";
import { asTyped, optionEntries, type ReconstructOptions } from "../../reconstruct/options.ts";
import { type JobRequest, launchers } from "../../slurm/jobScript.ts";
import { jobTime, runSeconds } from "../../slurm/times.ts";

/** What `cryogan slurm` was asked to do: a run, and the job that makes it. */
export interface SlurmOptions {
  run: ReconstructOptions;
  /** Options of the run as they were typed, by their keys, without particle file, folder and what the job sets. */
  typed: Record<string, string | boolean>;
  job: JobRequest;
  /** The run's time limit was made from the time of the job. */
  limitedByJob: boolean;
  /** Path of the script; absent: in the run folder. */
  script?: string | undefined;
  submit: boolean;
  json: boolean;
}

const words = (expected: string, pattern: RegExp): ValueKind<string> => ({
  expected,
  read: (text) => (pattern.test(text) ? text : undefined),
  write: String,
});
const name = (of: string) => value(words(of, /^[\w.,:@+-]{1,100}$/)).optional();

const jobSchema = z
  .object({
    nodes: value(wholeNumber(1, 4096)).default(1),
    ntasksPerNode: value(wholeNumber(1, 1024)).optional(),
    cpusPerTask: value(wholeNumber(1, 1024)).optional(),
    time: value(jobTime()),
    partition: name("a partition, or several: short,long"),
    account: name("an account"),
    qos: name("a quality of service"),
    gpusPerNode: value(wholeNumber(1, 64)).optional(),
    mem: value(words("memory of a node in Slurm's words, such as 64G", /^\d{1,9}[KMGT]?$/i)).optional(),
    jobName: value(words("a name without quotes and line feeds", /^[^"\\\p{C}]{1,100}$/u)).optional(),
    mailUser: value(words("an address", /^[^\s"'\\]{1,200}$/)).optional(),
    sbatch: z
      .array(value(words('an option of sbatch in one piece, such as "--constraint=a100"', /^--[a-z][^\p{C}]*$/u)))
      .default([]),
    launcher: value(choice(launchers)).default("mpirun"),
    script: value(path("a file")).optional(),
    submit: flag(),
    json: flag(),
  })
  .superRefine(({ gpusPerNode, ntasksPerNode }, context) => {
    if (gpusPerNode !== undefined && ntasksPerNode !== undefined && ntasksPerNode !== gpusPerNode)
      context.addIssue({
        code: "custom",
        path: ["ntasksPerNode"],
        message: `must be that of --gpus-per-node (${gpusPerNode}), one task a GPU; it may be left out`,
      });
  });

/** Values that commander fills in where nobody gives them. */
const defaults = new Map(
  optionEntries.flatMap(([key, option]) =>
    option.given === "default" ? [[key as string, option.value.write(option.default as never)]] : [],
  ),
);

/** @throws UsageError naming the option */
export function parseSlurmOptions(values: Record<string, unknown>): SlurmOptions {
  const { script, submit, json, ...asked } = parseOptions(jobSchema, values);
  const given = parseReconstructOptions(values),
    cpusPerTask = asked.cpusPerTask ?? given.threads ?? 1;
  const { particlesFile, ...typed } = Object.fromEntries(
    Object.entries(asTyped(given)).flatMap(([key, normal]) => {
      const text = typeof values[key] === "string" ? values[key] : normal;
      const begins = optionEntries.some(([other, { begins }]) => other === key && begins);
      return begins || text === defaults.get(key) || values[key] === undefined ? [] : [[key, text]];
    }),
  );
  const onGpu = asked.gpusPerNode !== undefined && given.device === "auto";
  const limitedByJob = given.timeLimit === undefined && given.stages === undefined;
  const added = {
    ...(given.threads === undefined ? { threads: String(cpusPerTask) } : {}),
    ...(onGpu ? { device: "cuda" } : {}),
    ...(limitedByJob ? { timeLimit: typedSeconds(runSeconds(asked.time)) } : {}),
  };
  return {
    run: parseReconstructOptions({ ...values, ...added }),
    typed: { ...typed, ...added },
    job: {
      ...asked,
      cpusPerTask,
      ntasksPerNode: asked.ntasksPerNode ?? asked.gpusPerNode ?? 1,
      jobName: asked.jobName ?? basename(resolve(given.out)).replaceAll(/["\\\p{C}]/gu, "-"),
    },
    limitedByJob,
    script,
    submit,
    json,
  };
}

/** A duration as one would type it. */
export const typedSeconds = (seconds: number): string => (seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`);
