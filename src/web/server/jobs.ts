/** Jobs of Slurm that work on runs: how they stand, asked of Slurm now and then, and cancelled. */
import { realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { shellCommand } from "../../base/shellCommand.ts";
import { cancel, clusterName, jobStates, NoSlurm, outputOf } from "../../slurm/commands.ts";
import { hasEnded, isActive, type JobRecord, type JobStatus } from "../../slurm/job.ts";
import { readRecord } from "../../slurm/record.ts";
import { ConflictError } from "./conflict.ts";

export interface Jobs {
  /** How the job of a run stands; undefined where it has none. */
  of(folder: string): Promise<JobStatus | undefined>;
  /** @returns false where no job works on the run. @throws {ConflictError} where Slurm refuses */
  cancel(folder: string): Promise<boolean>;
  /** @throws {ConflictError} where a run is to go on as a job of this cluster, and not beside the server */
  checkResume(folder: string): Promise<void>;
}

/** Jobs whose state is asked for meanwhile are asked for together. */
const togetherMs = 20;
/** A Slurm that is slow to answer keeps nobody waiting for the rest. */
const patienceMs = 2000;

/** @param everyMs for so long an answer of Slurm is taken to hold */
export function createJobs(everyMs = 4000): Jobs {
  const answers = new Map<string, { atMs: number; status: Promise<JobStatus>; last: JobStatus }>();
  let together: { jobs: string[]; states: ReturnType<typeof jobStates> } | undefined;

  const stateOf = async (job: string) => {
    if (!together) {
      const jobs: string[] = [];
      const states = sleep(togetherMs).then(() => {
        together = undefined;
        return jobStates(jobs);
      });
      together = { jobs, states };
    }
    together.jobs.push(job);
    return (await together.states).get(job);
  };

  const ask = async ({ job, cluster }: JobRecord): Promise<JobStatus> => {
    const unknown = (problem: string): JobStatus => ({ job, cluster, problem });
    try {
      const here = await clusterName();
      if (here !== cluster) return unknown(`its state is not known, as the Slurm of this machine is that of ${here}`);
      const state = await stateOf(job);
      return state ? { job, cluster, ...state } : unknown("Slurm no longer knows it");
    } catch (error) {
      return unknown(
        error instanceof NoSlurm
          ? "its state is not known, as Slurm is not on this machine"
          : `its state is not known (${(error as Error).message})`,
      );
    }
  };

  /** As of now, or of a moment ago; while Slurm is asked again, what it said last. */
  const statusOf = (record: JobRecord): Promise<JobStatus> => {
    const key = `${record.cluster} ${record.job}`,
      known = answers.get(key);
    if (known && (hasEnded(known.last) || performance.now() - known.atMs < everyMs))
      return Promise.race([known.status, sleep(patienceMs, known.last)]);
    const { job, cluster } = record;
    const last = known?.last ?? { job, cluster, problem: "Slurm has not answered yet" };
    const entry = { atMs: performance.now(), last, status: ask(record) };
    void entry.status.then((status) => {
      entry.last = status;
      entry.atMs = performance.now();
    });
    answers.set(key, entry);
    return Promise.race([entry.status, sleep(known ? 0 : patienceMs, last)]);
  };

  return {
    async of(folder) {
      const record = await readRecord(folder);
      return record && statusOf(record);
    },

    async cancel(folder) {
      const record = await readRecord(folder);
      if (!record || !isActive(await ask(record))) return false;
      // What slurm.json says may come from anyone.
      const output = await outputOf(record.job),
        logs = [folder, await realpath(folder)].map((path) => join(resolve(path), "log.txt"));
      // As it was asked for while the job waits, with "%" doubled, and then as it is.
      if (!logs.some((log) => log === output || log === output?.replaceAll("%%", "%")))
        throw new ConflictError(`job ${record.job} does not show itself to be this run's: it prints to ${output}`);
      await cancel(record.job).catch((error: Error) => {
        throw new ConflictError(error.message);
      });
      answers.delete(`${record.cluster} ${record.job}`);
      return true;
    },

    async checkResume(folder) {
      const record = await readRecord(folder);
      if (!record) return;
      const here = await clusterName().catch(() => undefined);
      if (here !== record.cluster) return;
      if (isActive(await ask(record))) throw new ConflictError(`job ${record.job} works on it`);
      throw new ConflictError(`it is a job of Slurm; submit it again with: ${shellCommand(["sbatch", record.script])}`);
    },
  };
}
