/** The commands of Slurm, asked for what a program can read. For Node only. */
import { execFile } from "node:child_process";
import { InputError } from "../base/errors.ts";
import type { JobStatus } from "./job.ts";

/** Slurm's commands are not on this machine. */
export class NoSlurm extends InputError {}

const patienceMs = 20_000;

/** @returns what it prints. @throws {NoSlurm} and {InputError} with what it says on stderr, in one line */
function ask(command: string, args: readonly string[]): Promise<string> {
  // Variables of the user's own would choose other jobs than those asked for.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SQUEUE|SACCT)_/.test(name)));
  return new Promise((resolve, reject) => {
    execFile(command, args, { env, timeout: patienceMs }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      if (error.code === "ENOENT")
        return reject(new NoSlurm(`Slurm is not on this machine: there is no command ${command}`));
      const said = stderr
        .split("\n")
        .map((line) => line.replace(/^\w+: (error: )?/, "").trim())
        .filter((line) => line !== "");
      reject(new InputError(`${command}: ${error.killed ? "no answer" : said.join("; ") || error.message}`));
    });
  });
}

/** @returns number of the job. @throws {InputError} with what sbatch says where it refuses */
export async function submit(script: string): Promise<string> {
  const [job] = (await ask("sbatch", ["--parsable", script])).trim().split(";");
  return job!;
}

/** Asks for the end of a job; Slurm sends SIGTERM to all of it, and kills what is left after its KillWait. */
export const cancel = async (job: string): Promise<void> => void (await ask("scancel", [job]));

export async function clusterName(): Promise<string> {
  const found = /^ClusterName\s*=\s*(\S+)/m.exec(await ask("scontrol", ["show", "config"]));
  if (!found) throw new InputError("scontrol does not tell the name of the cluster");
  return found[1]!;
}

/** The file that a job prints to; undefined where Slurm no longer knows the job. */
export async function outputOf(job: string): Promise<string | undefined> {
  const told = await ask("scontrol", ["show", "job", job]).catch((error: unknown) => {
    if (error instanceof NoSlurm) throw error;
    return "";
  });
  return /^\s*StdOut=(.*)$/m.exec(told)?.[1];
}

type Known = Pick<JobStatus, "state" | "reason" | "nodes" | "queue">;

/** How jobs stand, by their numbers; those that Slurm knows nothing of are left out. */
export async function jobStates(jobs: readonly string[]): Promise<Map<string, Known>> {
  const list = jobs.join(",");
  const rows = await ask("squeue", ["-h", "-t", "all", "-j", list, "-o", "%i|%T|%P|%N|%r"]).catch((error: Error) => {
    // Of a single job that has long ended squeue says that there is none.
    if (/invalid job id/i.test(error.message)) return "";
    throw error;
  });
  const found = parseQueue(rows);
  for (const [job, { queue }] of found) {
    if (!queue) continue;
    const waiting = await ask("squeue", ["-h", "-t", "PD", "-p", queue.partition, "--sort=-p,i", "-o", "%i"]);
    found.set(job, { ...found.get(job)!, queue: placeIn(waiting, job, queue.partition) });
  }
  const rest = jobs.filter((job) => !found.has(job));
  if (rest.length > 0) {
    // Where there is no accounting, it is not known what became of them.
    const past = await ask("sacct", ["-X", "-n", "-P", "-j", rest.join(","), "-o", "JobID,State,NodeList"]).catch(
      () => "",
    );
    for (const [job, state] of parseAccounts(past)) found.set(job, state);
  }
  return found;
}

const fieldsOf = (output: string): string[][] =>
  output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("|"));

/** Rows of squeue -o "%i|%T|%P|%N|%r". The queue of one that waits is named, and its place there not yet known. */
export function parseQueue(output: string): Map<string, Known> {
  return new Map(
    fieldsOf(output).map(([job, state, partition, nodes, ...rest]): [string, Known] => {
      // That of a cancelled job is why it waited.
      const reason = state === "CANCELLED" ? "" : rest.join("|");
      return [
        job!,
        {
          state: state!,
          ...(reason === "" || reason === "None" ? {} : { reason }),
          ...(nodes ? { nodes } : {}),
          ...(state === "PENDING" ? { queue: { partition: partition!, place: 0, of: 0 } } : {}),
        },
      ];
    }),
  );
}

/** The place of a job in the list of those that wait, first to run first; undefined where it is not among them. */
export function placeIn(output: string, job: string, partition: string): Known["queue"] {
  const waiting = fieldsOf(output).map(([id]) => id!),
    place = waiting.indexOf(job) + 1;
  return place === 0 ? undefined : { partition, place, of: waiting.length };
}

/** Rows of sacct -X -n -P -o JobID,State,NodeList, whose states may go on: "CANCELLED by 1000". */
export function parseAccounts(output: string): Map<string, Known> {
  return new Map(
    fieldsOf(output).map(([job, state, nodes]): [string, Known] => [
      job!,
      { state: state!.split(" ")[0]!, ...(nodes && nodes !== "None assigned" ? { nodes } : {}) },
    ]),
  );
}
