/** Job scripts and times, without Slurm; that the scripts work shows run.test.ts. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseSlurmOptions } from "../../src/cli/options/slurm.ts";
import { type JobScript, jobScript } from "../../src/slurm/jobScript.ts";
import { jobTime, noticeSeconds, runSeconds, slurmTime } from "../../src/slurm/times.ts";

const folder = mkdtempSync(join(tmpdir(), "cryogan-job-script-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("times", () => {
  test.each([
    ["2h", 7200],
    ["90m", 5400],
    ["10min", 600],
    ["10m", 600],
    ["1h30m", 5400],
    ["90s", 90],
    // sbatch(1): minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes and with seconds
    ["120", 7200],
    ["10:30", 630],
    ["2:00:00", 7200],
    ["1-12", 129_600],
    ["1-12:30", 131_400],
    ["2-00:00:01", 172_801],
  ])("%s", (text, seconds) => {
    expect(jobTime().read(text)).toBe(seconds);
    expect(jobTime().read(slurmTime(seconds))).toBe(seconds);
  });

  test.each(["", "soon", "0", "0:00", "-1", "1-", "1:2:3:4", "1e3", "500-00:00:00", "2 h 3 x"])("not %j", (text) => {
    expect(jobTime().read(text)).toBeUndefined();
  });

  test("a run ends before Slurm asks for its end, a minute early, and with half of a short job at least", () => {
    expect([60, 240, 600, 7200, 864_000].map(runSeconds)).toEqual([30, 120, 420, 6840, 820_800]);
    for (let seconds = 300; seconds < 1e6; seconds *= 1.1)
      expect(runSeconds(seconds)).toBeLessThanOrEqual(Math.max(seconds / 2, seconds - noticeSeconds(seconds) - 60));
  });
});

describe("options", () => {
  const parse = (values: Record<string, unknown>) =>
    parseSlurmOptions({ particlesFile: "p.star", out: "o/run", time: "2h", symmetry: "C1", device: "auto", ...values });

  test("threads and time limit come from the job, unless they are given", () => {
    const { run, typed, job } = parse({ cpusPerTask: "8", symmetry: "D2", invertContrast: false });
    expect(run).toMatchObject({ threads: 8, timeLimit: 6840, symmetry: "D2", device: "auto", out: "o/run" });
    expect(typed).toEqual({ threads: "8", timeLimit: "114m", symmetry: "D2", invertContrast: "no" });
    expect(job).toMatchObject({ nodes: 1, ntasksPerNode: 1, cpusPerTask: 8, time: 7200, jobName: "run" });
    expect(parse({ threads: "4", timeLimit: "1h" })).toMatchObject({
      typed: { threads: "4", timeLimit: "1h" },
      job: { cpusPerTask: 4 },
    });
    expect(parse({ stages: "adversarial 16:500, refine 16:2" }).run.timeLimit).toBeUndefined();
  });

  test("a task for each GPU", () => {
    expect(parse({ gpusPerNode: "4" })).toMatchObject({ job: { ntasksPerNode: 4 }, typed: { device: "cuda" } });
    expect(parse({ gpusPerNode: "1", device: "webgpu" }).typed.device).toBe("webgpu");
    expect(() => parse({ gpusPerNode: "4", ntasksPerNode: "2" })).toThrow(
      "--ntasks-per-node: must be that of --gpus-per-node (4)",
    );
  });

  test.each([
    [{ time: "soon" }, '--time: expected a duration such as 90m or 2h, or in Slurm\'s words 2:00:00 .*, got "soon"'],
    [{ partition: "a b" }, "--partition: expected"],
    [{ mem: "lots" }, "--mem: expected"],
    [{ sbatch: ["--comment=a\n#SBATCH --x"] }, "--sbatch: expected"],
    [{ symmetry: "Q" }, "--symmetry: expected"],
    [{ launcher: "ssh" }, "--launcher: expected one of mpirun, srun"],
  ])("%j is refused", (values, message) => {
    expect(() => parse(values)).toThrow(new RegExp(message.replaceAll(/[()]/g, "\\$&")));
  });
});

const plain: JobScript = {
  ...{ nodes: 1, ntasksPerNode: 1, cpusPerTask: 2, time: 7200, jobName: "run", sbatch: [], launcher: "mpirun" },
  ...{ madeBy: ["cryogan", "slurm"], path: "/r/slurm.sh", workFolder: "/w", out: join(folder, "run") },
  ...{ program: ["echo", "cryogan"], run: ["--out=run", "--", "particles.star"] },
};
/** Runs a script as sbatch does, with programs of its own first. @returns what it prints */
function output(script: JobScript, programs: Record<string, string> = {}, env: Record<string, string> = {}): string {
  const bin = mkdtempSync(join(folder, "bin-"));
  for (const [name, text] of Object.entries(programs))
    writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  writeFileSync(join(bin, "job"), jobScript(script));
  return execFileSync("bash", [join(bin, "job")], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, ...env },
  }).trim();
}

describe("the script", () => {
  test("asks for what was asked for, in sbatch's words", () => {
    const lines = jobScript({
      ...plain,
      ...{ nodes: 4, ntasksPerNode: 2, partition: "gpu", account: "lab", gpusPerNode: 2, mem: "64G" },
      ...{ mailUser: "a@b.org", sbatch: ["--constraint=a100"], out: "/runs of today, 50%", jobName: "a run" },
    }).split("\n");
    expect(lines[0]).toBe("#!/bin/bash");
    expect(lines.filter((line) => line.startsWith("#SBATCH "))).toEqual(
      [
        ...['--job-name="a run"', "--partition=gpu", "--account=lab", "--nodes=4", "--ntasks-per-node=2"],
        ...["--cpus-per-task=2", "--gpus-per-node=2", "--mem=64G", "--time=2:00:00", "--signal=B:TERM@120"],
        ...["--requeue", "--open-mode=append", "--chdir=/w", '--output="/runs of today, 50%%/log.txt"'],
        ...["--mail-user=a@b.org", "--mail-type=END,FAIL,REQUEUE", "--constraint=a100"],
      ].map((option) => `#SBATCH ${option}`),
    );
    expect(() => jobScript({ ...plain, out: '/a"b' })).toThrow("sbatch takes no such name");
  });

  test("begins, and goes on where there is a checkpoint", () => {
    expect(output(plain)).toBe("cryogan reconstruct --out=run -- particles.star");
    mkdirSync(plain.out);
    writeFileSync(join(plain.out, "checkpoint-half1.bin"), "");
    expect(output(plain)).toBe("cryogan reconstruct --resume --out=run -- particles.star");
    rmSync(plain.out, { recursive: true });
  });

  test("starts ranks by the launcher, and ends as they do", () => {
    const ranks = { ...plain, nodes: 2, ntasksPerNode: 2 };
    const mpirun = 'echo "mpirun $*"';
    expect(output(ranks, { mpirun })).toBe(
      "mpirun --bind-to none --mca odls_base_sigkill_timeout 15 echo cryogan reconstruct --out=run -- particles.star",
    );
    expect(output({ ...ranks, launcher: "srun" }, { srun: 'echo "$*"' })).toBe(
      "--mpi=pmix --cpus-per-task=2 --kill-on-bad-exit=1 echo cryogan reconstruct --out=run -- particles.star",
    );
    expect(() => output(ranks, { mpirun: "exit 7" })).toThrow(expect.objectContaining({ status: 7 }));
  });

  test("passes SIGTERM on to launchers as SIGUSR2, again and again, and waits for their end", () => {
    // The first is lost, as one that comes before the ranks have begun.
    const mpirun = `trap 'count=$((count + 1)); if [ $count = 2 ]; then echo checkpoint; exit 140; fi' USR2
kill -TERM $PPID
for i in {1..200}; do sleep 0.1; done`;
    const told = join(folder, "told");
    expect(() => output({ ...plain, nodes: 2 }, { mpirun: `exec > ${told}\n${mpirun}` })).toThrow(
      expect.objectContaining({ status: 140 }),
    );
    expect(readFileSync(told, "utf8")).toBe("checkpoint\n");
  });

  test("gives each rank a GPU of those of the job", () => {
    const gpus = { ...plain, ntasksPerNode: 2, gpusPerNode: 2, program: ["show"] };
    const programs = {
      show: 'echo "gpu $CUDA_VISIBLE_DEVICES"',
      mpirun: 'while [ "$1" != bash ]; do shift; done; "$@"',
    };
    const seen = (env: Record<string, string>) => output(gpus, programs, env);
    for (const rank of ["0", "1"]) {
      const visible = { CUDA_VISIBLE_DEVICES: "2,5" };
      expect(seen({ ...visible, OMPI_COMM_WORLD_LOCAL_RANK: rank, SLURM_LOCALID: "0" })).toBe(
        `gpu ${[2, 5][Number(rank)]}`,
      );
      expect(seen({ ...visible, SLURM_LOCALID: rank })).toBe(`gpu ${[2, 5][Number(rank)]}`);
      expect(seen({ CUDA_VISIBLE_DEVICES: "", SLURM_LOCALID: rank })).toBe(`gpu ${rank}`);
      // Slurm shows one to each by itself where it is asked to.
      expect(seen({ CUDA_VISIBLE_DEVICES: "3", SLURM_LOCALID: rank })).toBe("gpu 3");
    }
  });
});
