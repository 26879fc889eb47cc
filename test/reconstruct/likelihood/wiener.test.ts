/** Wiener's estimate plane by plane, against a tensor program over the whole table. */
import { expect, it } from "vitest";
import { shellValue } from "../../../src/physics/frequencies.ts";
import { fourierTable } from "../../../src/physics/project.ts";
import { sumsSize } from "../../../src/reconstruct/likelihood/backprojection.ts";
import { openWiener, tablePrior } from "../../../src/reconstruct/likelihood/wiener.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { compile } from "../../../src/runtime/session.ts";
import { gradient } from "../../../src/tensor/gradient.ts";
import * as op from "../../../src/tensor/ops.ts";
import { constant, input, type Tensor } from "../../../src/tensor/tensor.ts";

const device = nodeCpu(1);

/** The estimate with the table as a whole, (2n+2)³ voxels, -f gathered to f. Feeds `sums` [(2n+2)³, 3]. */
async function wholeTable(n: number, power: ArrayLike<number>, maxRadius: number, values: Float32Array) {
  const m = 2 * n + 2,
    rows = m ** 3,
    partner = new Int32Array(rows),
    kept = new Float32Array(rows),
    inverse = new Float32Array(rows).fill(1);
  for (let z = 0, i = 0; z < m; z++)
    for (let y = 0; y < m; y++)
      for (let x = 0; x < m; x++, i++) {
        const paired = Math.max(x, y, z) <= 2 * n,
          k = Math.hypot(x - n, y - n, z - n) / 2;
        partner[i] = paired ? ((2 * n - z) * m + (2 * n - y)) * m + (2 * n - x) : i;
        kept[i] = paired && k <= maxRadius ? 1 : 0;
        if (kept[i]) inverse[i] = 1 / (8 * shellValue(power, k));
      }
  const sums = input("sums", [rows, 3]),
    opposite = constant(partner, [rows], "int32"),
    channel = (c: number): Tensor => op.slice(sums, 1, c, c + 1),
    there = (c: number): Tensor => op.gather(channel(c), opposite);
  const factor = op.div(constant(kept, [rows, 1]), op.add(op.add(channel(2), there(2)), constant(inverse, [rows, 1])));
  const parts = [op.mul(op.add(channel(0), there(0)), factor), op.mul(op.sub(channel(1), there(1)), factor)];
  const volume = input("volume", [n, n, n]);
  const [back] = gradient(op.sum(op.mul(op.reshape(op.concat(parts, 0), [2, m, m, m]), fourierTable(volume))), [
    volume,
  ]);
  const program = await compile({ name: "whole", state: {}, feeds: { sums }, outputs: { back: back! } }, device);
  const result = (await program.run({ sums: values })).back!.map((v) => v / (2 * n) ** 3);
  await program.release();
  return result;
}

it.each([
  [8, 4],
  [16, 7],
  [22, 11],
])("box %d, up to shell %d: the estimate is that of the whole table", async (n, maxRadius) => {
  const m = 2 * n + 2,
    stream = createStream(4, "sums"),
    power = Array.from({ length: maxRadius + 1 }, (_, k) => 5 / (1 + k));
  const halves = [0, 1].map(() =>
    Float32Array.from({ length: sumsSize(n) }, (_, i) => (i % 3 === 2 ? 3 * stream.uniform() : stream.normal())),
  );
  const whole = new Float32Array(3 * m ** 3);
  for (const half of halves)
    for (let i = 0; i < half.length; i++) {
      const at = i + 3 * n * m * m; // the planes kz = 0 … n+1
      whole[at]! += half[i]!;
    }
  const wiener = await openWiener(n, tablePrior(power, maxRadius), device);
  const found = await wiener.density(halves),
    expected = await wholeTable(n, power, maxRadius, whole);
  const again = await wiener.density([halves[0]!.map((v, i) => v + halves[1]![i]!)]);
  await wiener.release();
  const scale = Math.sqrt(expected.reduce((sum, v) => sum + v * v, 0) / n ** 3);
  let largest = 0;
  found.forEach((v, i) => {
    largest = Math.max(largest, Math.abs(v - expected[i]!));
    expect(v).toBe(again[i]!);
  });
  expect(scale).toBeGreaterThan(1e-3);
  expect(largest / scale).toBeLessThan(2e-5);
});
