/**
 * An iteration by the paper's recipe (`--recipe paper`), of this program and of PyTorch: time and peak memory, one
 * after the other, and by how much their results differ.
 *
 *     npm run bench:paper -- [--box 192] [--iterations 2] [--threads 2]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nodeCpu } from "../src/runtime/onnxRuntimeNode.ts";
import { paperCase } from "./cases.ts";
import { prepareCase, startTwin, type TwinTimes } from "./twin.ts";

const { values: options } = parseArgs({
  options: {
    box: { type: "string", default: "192" },
    iterations: { type: "string", default: "2" },
    threads: { type: "string", default: "2" },
  },
});
const box = Number(options.box),
  iterations = Number(options.iterations),
  threads = Number(options.threads);
/**
 * At full size the two part by some hundredths in an iteration: Adam's first steps go by the signs of slopes, many of
 * which are 0 but for rounding. That they compute the same is tested on a small case (test/bench/paperTwin.test.ts).
 */
const any = 1e9;
const folder = mkdtempSync(join(tmpdir(), "cryogan-paper-"));

function report(name: string, { seconds, cpuSeconds, peakKib }: TwinTimes): void {
  const times = seconds.map((each) => each.toFixed(each < 10 ? 2 : 1)).join(" ");
  console.log(
    `${name.padEnd(26)} ${times} s an iteration, ${(cpuSeconds / iterations).toFixed(2)} s of a core; ` +
      `peak memory ${(peakKib / 2 ** 20).toFixed(1)} GiB`,
  );
}

try {
  const { executable, feeds } = await prepareCase(folder, await paperCase(box), nodeCpu(threads), [1], any);
  console.log(`${box} px, threads: ${threads}, an ONNX model of ${(executable.model.length / 2 ** 20).toFixed(0)} MiB`);
  const seconds: number[] = [],
    before = process.cpuUsage();
  for (let i = 0; i < iterations; i++) {
    const start = performance.now();
    await executable.run(feeds[0]!);
    seconds.push((performance.now() - start) / 1e3);
  }
  const { user, system } = process.cpuUsage(before);
  report("this program, ONNX Runtime", {
    seconds,
    cpuSeconds: (user + system) / 1e6,
    peakKib: process.resourceUsage().maxRSS,
  });
  await executable.release();
  const twin = await startTwin(threads, [{ folder, variant: "network" }]);
  const theirs = await twin.run(0, iterations);
  twin.end();
  report("PyTorch", theirs);
  console.log(`relative differences between the two:\n${twin.agreement.trim()}`);
} finally {
  rmSync(folder, { recursive: true });
}
