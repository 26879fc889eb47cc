import type { Command } from "commander";
import { addRunOptions } from "./reconstruct.ts";

export function addSlurmCommand(program: Command): void {
  const command = program
    .command("slurm")
    .summary("reconstruct on a cluster: write a job script for Slurm, and submit it")
    .description(
      "Write a job script that makes a run on the nodes of a cluster with Slurm, and submit it with --submit. " +
        "Options and input are checked here, as reconstruct checks them. " +
        "Arguments, and options behind those of the job, are those of cryogan reconstruct.",
    )
    .option("--nodes <count>", "nodes (default: 1)")
    .option("--ntasks-per-node <count>", "processes on each node (default: 1, or one for each GPU)")
    .option("--cpus-per-task <count>", "CPUs, and threads, of each process (default: --threads, or 1)")
    .requiredOption(
      "--time <duration>",
      "wall time of the job: 90m, 2h, 1-12:00:00; --time-limit is this, less what the end of a run takes",
    )
    .option("--partition <name>", "partition of the cluster (default: the cluster's)")
    .option("--account <name>", "account that the time is charged to")
    .option("--qos <name>", "quality of service")
    .option("--gpus-per-node <count>", "GPUs on each node, each with a process of its own (--device cuda)")
    .option("--mem <size>", "memory of each node, such as 64G (default: the cluster's)")
    .option("--job-name <name>", "name of the job (default: that of the run folder)")
    .option("--mail-user <address>", "whom to write to when the job ends, fails or is requeued")
    .option(
      "--sbatch <option>",
      "a further option of sbatch, such as --sbatch=--constraint=a100; may be given again",
      (option: string, before: string[] = []) => [...before, option],
    )
    .option("--launcher <name>", "what starts several processes: mpirun or srun (default: mpirun)")
    .option("--script <file>", "job script to write (default: slurm.sh in the run folder)")
    .option("--submit", "submit the job");
  addRunOptions(command)
    .option("--json", "print script and number of the job as JSON")
    .addHelpText(
      "after",
      `
The job is stopped after a checkpoint before its time is over, and goes on from there when Slurm has
requeued it, or when its script is submitted again. Its output goes to log.txt in the run folder;
cryogan serve shows how it stands. docs/cluster.md tells more.

Examples:
  $ cryogan slurm particles.star --out run --time 2h --cpus-per-task 16 --submit
  $ cryogan slurm particles.star --out run --time 2h --nodes 4 --ntasks-per-node 2 --cpus-per-task 8
  $ cryogan slurm particles.star --out run --time 1h --partition gpu --gpus-per-node 4 --submit
  $ cryogan slurm particles.star --out run --time 4h --cpus-per-task 16 --resume --submit
`,
    )
    .action(async (particlesFile: string, values: Record<string, unknown>) => {
      const { parseSlurmOptions } = await import("../options/slurm.ts");
      const options = parseSlurmOptions({ ...values, particlesFile });
      const { slurm } = await import("../actions/slurm.ts");
      await slurm(options, process.argv.slice(2));
    });
}
