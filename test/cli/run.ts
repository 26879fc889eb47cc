import { type SpawnOptions, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { program } from "../program.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs node; `interact` sees the process while it runs. */
export function runNode(
  args: string[],
  options: SpawnOptions = {},
  interact?: (child: ReturnType<typeof spawn>) => void,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, ...options });
    let [stdout, stderr] = ["", ""];
    child.stdout?.on("data", (chunk) => (stdout += chunk));
    child.stderr?.on("data", (chunk) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    interact?.(child);
  });
}

export const cryogan = (...args: string[]) => runNode([program, ...args]);
