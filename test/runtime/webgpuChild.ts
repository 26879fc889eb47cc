// Run by webgpu.test.ts in a process of its own, whose environment names the software Vulkan driver. Prints JSON: the
// same program on both devices.

import { chooseDevice } from "../../src/runtime/device.ts";
import { nodeRuntime } from "../../src/runtime/onnxRuntimeNode.ts";
import { compile } from "../../src/runtime/session.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import * as op from "../../src/tensor/ops.ts";
import { input } from "../../src/tensor/tensor.ts";

const volume = input("volume", [2, 6, 5, 4]),
  points = input("points", [7, 3]),
  x = input("x", [3, 7]);
const sampled = op.trilinear(volume, points);
const loss = op.sum(op.logSumExp(op.matmul(op.sin(sampled), op.transpose(x, [1, 0])), [1]));
const [slope] = gradient(loss, [volume]);
const [curvature] = gradient(op.sum(op.square(slope!)), [x]);
const program = {
  name: "both",
  state: { volume: { input: volume, next: op.sub(volume, op.mul(slope!, 0.1)) } },
  feeds: { points, x },
  outputs: { loss, curvature: curvature! },
};
const values = (n: number, f: (i: number) => number): Float32Array => Float32Array.from({ length: n }, (_, i) => f(i));
const results: Record<string, unknown> = {};
for (const name of ["cpu", "webgpu"] as const) {
  const executable = await compile(program, await chooseDevice(nodeRuntime, name, 1));
  executable.setState(
    "volume",
    values(240, (i) => Math.sin(i)),
  );
  const losses: number[] = [];
  let last: Record<string, Float32Array> = {};
  for (let step = 0; step < 3; step++) {
    last = await executable.run({
      points: values(21, (i) => [2.7, 3.6, 4.5][i % 3]! * Math.abs(Math.sin(3 * i + 1))),
      x: values(21, (i) => Math.cos(i)),
    });
    losses.push(last.loss![0]!);
  }
  results[name] = { losses, curvature: [...last.curvature!], volume: [...(await executable.getState("volume"))] };
  await executable.release();
}
process.stdout.write(`${JSON.stringify(results)}\n`);
