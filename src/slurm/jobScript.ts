/** The job script: what Slurm is asked for, and how the ranks of a run are started, stopped and gone on with. */
import { InputError } from "../base/errors.ts";
import { shellCommand } from "../base/shellCommand.ts";
import { noticeSeconds, slurmTime } from "./times.ts";

export const launchers = ["mpirun", "srun"] as const;

/** What Slurm is asked for; absent: the site's default. */
export interface JobRequest {
  nodes: number;
  ntasksPerNode: number;
  cpusPerTask: number;
  /** Seconds. */
  time: number;
  partition?: string | undefined;
  account?: string | undefined;
  qos?: string | undefined;
  gpusPerNode?: number | undefined;
  /** Of a node, in Slurm's words: 64G. */
  mem?: string | undefined;
  jobName: string;
  mailUser?: string | undefined;
  /** Further options of sbatch, as typed: --constraint=a100. */
  sbatch: readonly string[];
  launcher: (typeof launchers)[number];
}

export interface JobScript extends JobRequest {
  /** The command line that made it. */
  madeBy: readonly string[];
  /** Absolute paths of the script, of the folder that the job starts in, and of the run folder. */
  path: string;
  workFolder: string;
  out: string;
  /** Node and the entry of this program. */
  program: readonly string[];
  /** Arguments of cryogan reconstruct. */
  run: readonly string[];
}

export function jobScript(script: JobScript): string {
  const ranks = script.nodes * script.ntasksPerNode;
  return `#!/bin/bash
# A run of cryogan (ab-initio maps from cryo-EM images), as this command wrote it:
#   ${shellCommand(script.madeBy)}
# Submit it with: sbatch ${shellCommand([script.path])}
# Submitted again, or requeued by Slurm, it goes on from the last checkpoint in ${shellCommand([script.out])}.
${directives(script)
  .map((line) => `#SBATCH ${line}`)
  .join("\n")}

# The program. Elsewhere, or with \`module load\`: change this line.
cryogan=(${shellCommand(script.program)})

# The run, as on the command line of cryogan reconstruct.${
    script.run.some((arg) => arg.startsWith("--time-limit=")) ? " It ends before the time of the job does." : ""
  }
run=(
${wrapped(script.run)
  .map((line) => `  ${line}`)
  .join("\n")}
)

# Where there is a checkpoint, the run goes on from it.
resume=()
for checkpoint in ${shellCommand([script.out])}/checkpoint*.bin; do
  if [ -e "$checkpoint" ]; then resume=(--resume); fi
done

${ranks === 1 ? oneProcess : `${launching(script)}\n${ranksInBackground}`}`;
}

/** Options of sbatch, without those that are empty. @throws {InputError} where a path cannot stand in such a line */
function directives(script: JobScript): string[] {
  const given = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`--${name}=${value}`];
  return [
    `--job-name=${quoted(script.jobName)}`,
    ...given("partition", script.partition),
    ...given("account", script.account),
    ...given("qos", script.qos),
    `--nodes=${script.nodes}`,
    `--ntasks-per-node=${script.ntasksPerNode}`,
    `--cpus-per-task=${script.cpusPerTask}`,
    ...given("gpus-per-node", script.gpusPerNode),
    ...given("mem", script.mem),
    `--time=${slurmTime(script.time)}`,
    // To the shell alone, which passes it on as the launcher needs it.
    `--signal=B:TERM@${noticeSeconds(script.time)}`,
    "--requeue",
    "--open-mode=append",
    `--chdir=${quoted(script.workFolder)}`,
    `--output=${quoted(`${script.out.replaceAll("%", "%%")}/log.txt`)}`,
    ...(script.mailUser === undefined ? [] : [`--mail-user=${script.mailUser}`, "--mail-type=END,FAIL,REQUEUE"]),
    ...script.sbatch,
  ];
}

/** As sbatch reads its lines: quotes as of a shell. */
function quoted(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (/[\p{C}"\\]/u.test(text))
    throw new InputError(
      `${text} holds quotes, backslashes or characters that are not printed: sbatch takes no such name`,
    );
  return `"${text}"`;
}

/** One option a line; what follows "--" on the last. */
function wrapped(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return [...args.slice(0, end).map((arg) => shellCommand([arg])), shellCommand(args.slice(end))];
}

const oneProcess = `# One process, in place of this shell: it gets Slurm's SIGTERM itself, writes a checkpoint and ends.
exec "\${cryogan[@]}" reconstruct "\${resume[@]}" "\${run[@]}"
`;

/**
 * Open MPI waits so long before it asks a rank to end, and again before it kills it: twice this is Slurm's own
 * KillWait. It does so, too, where ranks that were stopped have ended already.
 */
const killAfterSeconds = 15;

function launching({ launcher, cpusPerTask, gpusPerNode }: JobScript): string {
  const starts = {
    mpirun: `# What starts a rank for each task. Open MPI learns nodes and tasks from Slurm; it must neither bind ranks
# to one core nor end them before they have written their checkpoint.
launch=(mpirun --bind-to none --mca odls_base_sigkill_timeout ${killAfterSeconds})
`,
    srun: `# What starts a rank for each task; Slurm's PMIx has to fit the MPI library (srun --mpi=list).
launch=(srun --mpi=pmix --cpus-per-task=${cpusPerTask} --kill-on-bad-exit=1)
`,
  }[launcher];
  if (gpusPerNode === undefined) return starts;
  return `${starts}
# One GPU a rank: of those that Slurm gives to the job on a node, that of the rank's number there.
one_gpu='
  IFS=, read -ra gpus <<< "$CUDA_VISIBLE_DEVICES"
  number=\${OMPI_COMM_WORLD_LOCAL_RANK:-\${MPI_LOCALRANKID:-\${SLURM_LOCALID:-0}}}
  if [ "\${#gpus[@]}" -gt 0 ]; then number=\${gpus[number % \${#gpus[@]}]}; fi
  export CUDA_VISIBLE_DEVICES=$number
  exec "$@"'
launch+=(bash -c "$one_gpu" rank)
`;
}

/** Both launchers pass on SIGUSR2, and take SIGTERM for an order to end the ranks at once. */
const ranksInBackground = `"\${launch[@]}" "\${cryogan[@]}" reconstruct "\${resume[@]}" "\${run[@]}" &
ranks=$!

# Slurm's SIGTERM becomes SIGUSR2, which launchers pass on to the ranks: they write a checkpoint and end.
# It is repeated, as one that comes before the ranks have begun is lost.
stop() { while kill -USR2 "$ranks" 2> /dev/null; do sleep 5; done & }
trap stop TERM

# A signal ends \`wait\`, not what is waited for.
while wait "$ranks"; code=$?; [ "$code" -gt 128 ] && kill -0 "$ranks" 2> /dev/null; do :; done
exit "$code"
`;
