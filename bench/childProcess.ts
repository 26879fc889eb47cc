/** One program run to its end on chosen cores, with its time and the most memory it held. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export interface ChildOptions {
  cwd?: string;
  /** Cores as taskset writes them, such as "0,1". */
  cores: string;
  /** The program is killed after this time; that is no error. */
  limitSeconds: number;
  env?: Record<string, string>;
  /** Called with each line of its standard output. */
  onLine?: (line: string) => void;
}

export interface ChildResult {
  /** When it was started, milliseconds since 1970, as file times are. */
  startMs: number;
  seconds: number;
  /** High-water mark of its resident memory. */
  peakBytes: number;
  /** Whether it was killed at the limit. */
  stopped: boolean;
}

const pollMs = 50;
const keptErrors = 4000;

/** VmHWM of a process from /proc, in bytes; 0 once it has gone. */
export function highWaterBytes(pid: number): number {
  try {
    return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/**
 * Runs `program` (itself, not through a shell: the memory is that of the one process). @throws {Error} with the end of
 * what it said, if it fails
 */
export async function runChild(program: string, args: readonly string[], options: ChildOptions): Promise<ChildResult> {
  const startMs = Date.now(),
    start = performance.now();
  // taskset becomes the program: same process.
  const child = spawn("taskset", ["-c", options.cores, program, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "",
    stopped = false,
    peakBytes = 0;
  const keep = (text: string): void => void (said = (said + text).slice(-keptErrors));
  child.stderr.on("data", (data) => keep(String(data)));
  createInterface({ input: child.stdout }).on("line", (line) => {
    keep(`${line}\n`);
    options.onLine?.(line);
  });
  const poll = setInterval(() => (peakBytes = Math.max(peakBytes, highWaterBytes(child.pid!))), pollMs);
  const limit = setTimeout(() => {
    stopped = true;
    child.kill("SIGKILL");
  }, 1000 * options.limitSeconds);
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    if (code !== 0 && !stopped) throw new Error(`${program} ${args.join(" ")}\nended with status ${code}:\n${said}`);
    return { startMs, seconds: (performance.now() - start) / 1000, peakBytes, stopped };
  } finally {
    clearInterval(poll);
    clearTimeout(limit);
  }
}
