/** A command that several processes run together, started by mpirun or srun. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Job, joinJob } from "../runtime/job.ts";
import { type Launch, launched, placeOf } from "../runtime/launched.ts";
import type { Processes } from "../runtime/processes.ts";
import { exitCodeOf, reportError, Told } from "./errors.ts";

/** In this time a launcher ends the others of which the first has failed, and told why. */
const toldByFirstMs = 2000;
/** In this time a launcher reads what a process printed; of one that has ended the job it may lose it. */
const readByLauncherMs = 1000;

/**
 * Runs `task` in all processes of the job. What goes wrong in all of them is told by the first alone; what goes wrong
 * in one while others are at work, by that one, with its rank and host, and ends the job.
 * @throws what `task` does, or Told
 */
export async function inJob(task: (processes: Processes) => Promise<void>): Promise<void> {
  const launch = launched();
  const job = await join(launch);
  try {
    await task(job.processes);
  } catch (error) {
    if (!launch) throw error;
    const exitCode = exitCodeOf(error);
    const failures = await job.close(true);
    const all = failures === job.processes.size;
    if (!all || launch.rank === 0) reportError(error, all ? undefined : placeOf(launch));
    if (failures === undefined) {
      await sleep(readByLauncherMs);
      job.abort(exitCode);
    }
    throw new Told(exitCode);
  }
  await job.close(false);
}

async function join(launch: Launch | undefined): Promise<Job> {
  try {
    return await joinJob(launch);
  } catch (error) {
    if (!launch || launch.rank === 0) throw error;
    await sleep(toldByFirstMs);
    reportError(error, placeOf(launch));
    throw new Told(exitCodeOf(error));
  }
}
