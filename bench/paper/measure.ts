/** Time and memory of a program. */
import { spawn } from "node:child_process";
import { highWaterBytes } from "../childProcess.ts";

export interface Measured {
  wallSeconds: number;
  /** Peak resident memory (VmHWM of /proc); null where there is no /proc. */
  peakMemoryMiB: number | null;
}

/**
 * Runs node with these arguments; all it prints goes to stderr.
 * @throws Error when it ends with anything but 0
 */
export async function measure(args: readonly string[], cwd: string): Promise<Measured> {
  const start = performance.now();
  let peakBytes = 0;
  // Ctrl-C reaches the child as well, which ends in its own time.
  const ignore = (): void => {};
  process.on("SIGINT", ignore);
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", 2, 2] });
  const sample = setInterval(() => (peakBytes = Math.max(peakBytes, highWaterBytes(child.pid!))), 200);
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${code}`);
    return {
      wallSeconds: (performance.now() - start) / 1000,
      peakMemoryMiB: peakBytes > 0 ? peakBytes / 2 ** 20 : null,
    };
  } finally {
    clearInterval(sample);
    process.off("SIGINT", ignore);
  }
}
