import { chmod } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InputError, UsageError } from "../../base/errors.ts";
import { shellCommand } from "../../base/shellCommand.ts";
import { thisCommand } from "../../base/thisCommand.ts";
import { disk } from "../../io/disk.ts";
import { folderAt, writeFileAtomic } from "../../io/files.ts";
import { commandArguments } from "../../reconstruct/commandArguments.ts";
import { readLastCheckpoint } from "../../reconstruct/folder/checkpoint.ts";
import { clearFolder } from "../../reconstruct/folder/resume.ts";
import { checkRun } from "../../slurm/checkRun.ts";
import { clusterName, jobStates, NoSlurm, submit } from "../../slurm/commands.ts";
import { isActive } from "../../slurm/job.ts";
import { jobScript } from "../../slurm/jobScript.ts";
import { readRecord, writeRecord } from "../../slurm/record.ts";
import { runSeconds } from "../../slurm/times.ts";
import { type SlurmOptions, typedSeconds } from "../options/slurm.ts";
import { print, printJson } from "../print.ts";

/**
 * Write the script of a job, submit it, and print both.
 * @param args the command line as typed
 * @throws {InputError} for what the run would refuse, and where Slurm refuses the job
 */
export async function slurm(asked: SlurmOptions, args: readonly string[]): Promise<void> {
  const options = asked.run.resume && asked.limitedByJob ? await withMoreTime(asked) : asked;
  const { run, typed, job } = options,
    out = resolve(run.out),
    path = resolve(options.script ?? join(run.out, "slurm.sh"));
  checkTimes(options);
  if (run.overwrite && !options.submit)
    throw new UsageError("--overwrite: the run in the folder is removed when the job is submitted: give --submit, too");
  await checkRun(run);
  await checkNoJob(run.out);
  const text = jobScript({
    ...job,
    madeBy: ["cryogan", ...args],
    path,
    workFolder: process.cwd(),
    out,
    program: thisCommand(),
    run: commandArguments(run.particlesFile, run.out, typed).slice(1),
  });
  await disk.makeFolder(dirname(path));
  await writeFileAtomic(disk.at(path), text);
  await chmod(path, 0o755);
  if (!options.submit) {
    if (options.json) printJson({ script: path, job: null, cluster: null });
    else print(`${path}\nsubmit it with: ${shellCommand(["sbatch", path])}`);
    return;
  }
  const cluster = await clusterName();
  if (run.overwrite) {
    const folder = folderAt(disk, run.out);
    await clearFolder(folder);
    await folder("events.jsonl").remove();
  }
  const number = await submit(path);
  await writeRecord(run.out, { job: number, cluster, script: path, submitted: new Date().toISOString() });
  if (options.json) printJson({ script: path, job: number, cluster });
  else print(`${path}\njob ${number} of ${cluster}; its output goes to ${join(out, "log.txt")}`);
}

/** A run that goes on has the time of the job on top of what it has taken, unless a limit is given. */
async function withMoreTime({ run, typed, ...rest }: SlurmOptions): Promise<SlurmOptions> {
  const names = ["checkpoint.bin", "checkpoint-half1.bin", "checkpoint-half2.bin"];
  const found = await Promise.all(names.map((name) => readLastCheckpoint(disk, join(run.out, name))));
  const elapsed = found.reduce((sum, each) => sum + (each?.checkpoint.elapsedSeconds ?? 0), 0);
  const timeLimit = Math.ceil(elapsed + runSeconds(rest.job.time));
  return { ...rest, run: { ...run, timeLimit }, typed: { ...typed, timeLimit: typedSeconds(timeLimit) } };
}

function checkTimes({ run: { timeLimit, resume }, job }: SlurmOptions): void {
  if (!resume && timeLimit !== undefined && timeLimit > job.time)
    throw new UsageError("--time-limit: is longer than the job (--time); it may be left out");
}

/** @throws {InputError} where a job that was submitted before waits or runs */
async function checkNoJob(folder: string): Promise<void> {
  const record = await readRecord(folder);
  if (!record) return;
  const known = await jobStates([record.job]).catch((error: unknown) => {
    if (error instanceof NoSlurm || error instanceof InputError) return new Map();
    throw error;
  });
  const state = known.get(record.job);
  if (state && isActive(state))
    throw new InputError(
      `${folder}: job ${record.job} works on it (${state.state}); ` +
        `end that one first: ${shellCommand(["scancel", record.job])}`,
    );
}
