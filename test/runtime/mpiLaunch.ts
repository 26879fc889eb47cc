/** Starts programs of ours by mpirun of Open MPI or of MPICH, as a user does. */
import { execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export const kinds = ["Open MPI", "MPICH"] as const;
export type Kind = (typeof kinds)[number];

export const installMpi = (): void => void execFileSync("bash", [`${root}/scripts/install-mpi.sh`], { stdio: "pipe" });

/** More processes than cores, and as root, as tests may run. */
const launchers: Record<Kind, string[]> = {
  "Open MPI": ["mpirun.openmpi", "--oversubscribe"],
  MPICH: ["mpirun.mpich"],
};
export const asRoot = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

export interface Ended {
  code: number | null;
  stdout: string;
  /** Lines of our own on stderr: without what the launcher says of it. */
  errors: string[];
  stderr: string;
}

/** @param groups programs with their arguments, and how many processes of each */
export function launch(
  kind: Kind,
  groups: { processes: number; program: string[]; environment?: Record<string, string> }[],
): Promise<Ended> {
  const [command, ...options] = launchers[kind];
  const args = groups.flatMap(({ processes, program, environment = {} }, i) => [
    ...(i === 0 ? [] : [":"]),
    "-n",
    String(processes),
    "env",
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    process.execPath,
    ...program,
  ]);
  return new Promise((resolve, reject) => {
    const child = spawn(command!, [...options, ...args], {
      cwd: root,
      env: { ...process.env, ...asRoot },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      const errors = stderr.split("\n").filter((line) => /^(error|warning): /.test(line));
      resolve({ code, stdout, errors, stderr });
    });
  });
}

/** What children printed, in the order of ranks. */
export const told = <T extends { rank: number }>({ stdout, stderr }: Ended): T[] => {
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  if (lines.length === 0) throw new Error(`nothing was told: ${stderr}`);
  return lines.map((line) => JSON.parse(line) as T).sort((a, b) => a.rank - b.rank);
};
