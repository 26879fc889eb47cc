/** A job of Slurm that works on a run: what a run folder tells of it, and how it stands. Also for the page. */

/** Content of slurm.json in a run folder. */
export interface JobRecord {
  /** As sbatch gives it. */
  job: string;
  cluster: string;
  /** Absolute path. */
  script: string;
  /** ISO 8601 */
  submitted: string;
}

/** How a job stands. */
export interface JobStatus {
  job: string;
  cluster: string;
  /** In Slurm's words: PENDING, RUNNING, TIMEOUT; absent where it is not known. */
  state?: string;
  /** Why it waits, in Slurm's words: Resources, Priority. */
  reason?: string;
  /** Where it runs or has run: node[1-4]. */
  nodes?: string;
  /** Its place, from 1, among the jobs that wait for its partition. */
  queue?: { partition: string; place: number; of: number };
  /** Why its state is not known. */
  problem?: string;
}

/** States that a job does not leave. */
const ends = [
  ...["BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED"],
  ...["NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"],
];

export const hasEnded = ({ state }: Pick<JobStatus, "state">): boolean => state !== undefined && ends.includes(state);
/** Waits, runs, or is on its way between the two. */
export const isActive = ({ state }: Pick<JobStatus, "state">): boolean => state !== undefined && !ends.includes(state);
/** Before it runs, or before it runs again. */
export const isWaiting = ({ state }: Pick<JobStatus, "state">): boolean =>
  state === "PENDING" || (state?.startsWith("REQUEUE") ?? false);

/** "Job 7 of cluster: PENDING (Resources), place 2 of 5 in the queue of main". */
export function jobText({ job, cluster, state, reason, nodes, queue, problem }: JobStatus): string {
  const where = queue ? `, place ${queue.place} of ${queue.of} in the queue of ${queue.partition}` : "";
  const words =
    state === undefined
      ? (problem ?? "its state is not known")
      : `${state}${reason ? ` (${reason})` : ""}${nodes ? ` on ${nodes}` : ""}${where}`;
  return `Job ${job} of ${cluster}: ${words}`;
}
