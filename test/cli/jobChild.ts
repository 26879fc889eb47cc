/** One of several processes that job.test.ts starts: its task ends as its argument says. */
import { InputError } from "../../src/base/errors.ts";
import { reportError } from "../../src/cli/errors.ts";
import { inJob } from "../../src/cli/job.ts";

const [, , what] = process.argv;
try {
  await inJob(async (processes) => {
    const { rank } = processes;
    await processes.barrier();
    if (what === "all fail") throw new InputError("particles.star: no such file");
    if (rank === 1) {
      if (what === "one fails") throw new InputError("the disk of this machine is full");
      if (what === "one fails during a sum") {
        void processes.sum(new Float32Array(10));
        throw new Error("undefined is not a function");
      }
      if (what === "one is killed") process.kill(process.pid, "SIGKILL");
    }
    await processes.barrier();
    await processes.sum(new Float32Array(10));
    if (what === "one fails last" && rank === 1) throw new InputError("the disk of this machine is full");
    process.stdout.write(`rank ${rank} ended\n`);
  });
} catch (error) {
  process.exitCode = reportError(error);
}
