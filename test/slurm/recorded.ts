/** Commands of Slurm that print what the real ones printed (test/data/slurm/README.md), for a machine without Slurm. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const data = join(import.meta.dirname, "../data/slurm");

export interface RecordedSlurm {
  /** Folder of the commands, for the front of PATH. */
  bin: string;
  /** What scancel was called with; undefined before. */
  cancelled(): string | undefined;
}

/** @param output that of job 21, which can be cancelled */
export function recordedSlurm(folder: string, output: string): RecordedSlurm {
  const bin = join(folder, "bin"),
    cancelled = join(folder, "cancelled"),
    job = join(folder, "job.txt");
  mkdirSync(bin);
  writeFileSync(
    job,
    readFileSync(join(data, "scontrol-show-job.txt"), "utf8").replace(/StdOut=.*/, () => `StdOut=${output}`),
  );
  const commands = {
    squeue: `if [[ " $* " = *" -p "* ]]; then exec cat ${data}/squeue-waiting.txt; fi
if [ -e ${cancelled} ]; then exec cat ${data}/squeue-cancelled.txt; fi
exec cat ${data}/squeue.txt`,
    scontrol: `if [ "$2" = config ]; then exec cat ${data}/scontrol-show-config.txt; fi
exec cat ${job}`,
    sacct: `cat ${data}/sacct-disabled-stderr.txt >&2; exit 1`,
    scancel: `echo "$*" > ${cancelled}`,
  };
  for (const [name, text] of Object.entries(commands)) {
    writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return { bin, cancelled: () => (existsSync(cancelled) ? readFileSync(cancelled, "utf8").trim() : undefined) };
}
