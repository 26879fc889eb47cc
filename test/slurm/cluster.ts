/** A cluster of Slurm's own programs on this machine: its own keys, ports and folders, and nothing left at the end. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface Cluster {
  name: string;
  /** Runs one of Slurm's commands. @returns what it prints, without blanks around */
  ask(command: string, ...args: string[]): string;
  /** Ends all jobs, at once. */
  cancelAll(): Promise<void>;
  close(): Promise<void>;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/**
 * Starts nodes node1, node2, … of two CPUs each in one partition, and sets SLURM_CONF for all that this process runs.
 * No accounting: what has ended is known for `minJobAge` seconds, and then no more.
 */
export async function startCluster(nodes = 2, minJobAge = 300): Promise<Cluster> {
  execFileSync(fileURLToPath(new URL("../../scripts/install-slurm.sh", import.meta.url)), { stdio: "pipe" });
  const folder = mkdtempSync(join(tmpdir(), "cryogan-slurm-")),
    socket = join(folder, "munge.socket"),
    conf = join(folder, "slurm.conf"),
    user = userInfo().username,
    name = "testing",
    here = "NodeHostname=localhost NodeAddr=127.0.0.1";
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "state"));
  const key = crypto.getRandomValues(new Uint8Array(128));
  writeFileSync(join(folder, "munge.key"), key, { mode: 0o600 });
  const names = Array.from({ length: nodes }, (_, i) => `node${i + 1}`),
    ports = await Promise.all([...names, name].map(freePort));
  writeFileSync(
    conf,
    `ClusterName=${name}
SlurmctldHost=localhost
SlurmctldPort=${ports.at(-1)}
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
AuthInfo=socket=${socket}
CredType=cred/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/%n.log
# No cgroups in a container.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
MinJobAge=${minJobAge}
SchedulerParameters=sched_interval=2
${names.map((node, i) => `NodeName=${node} ${here} Port=${ports[i]} CPUs=2`).join("\n")}
PartitionName=main Nodes=ALL Default=YES MaxTime=1:00:00
`,
  );
  process.env.SLURM_CONF = conf;
  // Open MPI starts nothing for root unless it is told so twice; jobs inherit what whoever submits them has.
  process.env.OMPI_ALLOW_RUN_AS_ROOT = process.env.OMPI_ALLOW_RUN_AS_ROOT_CONFIRM = "1";
  const daemons: ChildProcess[] = [];
  const start = (program: string, ...args: string[]): void =>
    void daemons.push(
      spawn(program, args, { stdio: "ignore", env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } }),
    );
  const ask = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
  const answers = (command: string, ...args: string[]): boolean => {
    try {
      ask(command, ...args);
      return true;
    } catch {
      return false;
    }
  };

  const files = ["key", "seed", "pid", "log"].map((kind) => `--${kind}-file=${folder}/munge.${kind}`);
  start("munged", "--foreground", "--force", `--socket=${socket}`, ...files);
  while (!answers("munge", "--no-input", `--socket=${socket}`)) await sleep(50);
  start("slurmctld", "-D", "-f", conf);
  for (const node of names) start("slurmd", "-D", "-N", node, "-f", conf);
  while (!answers("scontrol", "ping") || ask("sinfo", "-h", "-t", "idle", "-o", "%D") !== String(nodes))
    await sleep(100);

  const cancelAll = async (): Promise<void> => {
    ask("scancel", `--user=${user}`);
    while (ask("squeue", "-h", "-o", "%i") !== "") {
      answers("scancel", `--user=${user}`, "--full", "--signal=KILL");
      await sleep(100);
    }
  };
  return {
    name,
    ask,
    cancelAll,
    async close() {
      await cancelAll();
      for (const daemon of daemons.reverse()) {
        const ended = once(daemon, "exit");
        daemon.kill("SIGTERM");
        await ended;
      }
      delete process.env.SLURM_CONF;
      rmSync(folder, { recursive: true });
    },
  };
}
