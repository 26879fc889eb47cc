/** The Fourier table plane by plane: there against the graph of it, back against its gradient and the sum itself. */
import { expect, it } from "vitest";
import { fourierTable, fourierTables } from "../../src/physics/project.ts";
import { openTableInverse, openTableMaker } from "../../src/physics/tablePlanes.ts";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../src/runtime/random.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import * as op from "../../src/tensor/ops.ts";
import { input } from "../../src/tensor/tensor.ts";
import { evaluate } from "./analytic.ts";

/** A table F(-k) = F(k)*, [2, 2n+2, 2n+2, 2n+2], nothing at n+1; and its planes. */
function hermitianTable(n: number, seed: string) {
  const m = 2 * n + 2,
    edge = 2 * n + 1,
    stream = createStream(2, seed),
    table = new Float32Array(2 * m ** 3);
  const place = (kx: number, ky: number, kz: number): number => ((kz + n) * m + ky + n) * m + kx + n;
  for (let kz = -n; kz <= n; kz++)
    for (let ky = -n; ky <= n; ky++)
      for (let kx = -n; kx <= n; kx++) {
        const [re, im] = [stream.normal(), stream.normal()];
        for (const [at, sign] of [
          [place(kx, ky, kz), 1],
          [place(-kx, -ky, -kz), -1],
        ] as const) {
          table[at]! += re;
          table[m ** 3 + at]! += sign * im;
        }
      }
  const plane = (kz: number, into: Float32Array): void => {
    for (let ky = -n; ky <= n; ky++)
      for (let kx = -n; kx <= n; kx++)
        for (const part of [0, 1])
          into[((ky + n) * 2 + part) * edge + kx + n] = table[part * m ** 3 + place(kx, ky, kz)]!;
  };
  return { table, plane, place };
}

// The largest takes more than one portion of planes.
it.each([4, 5, 12, 70])(
  "box %d: each of two tables becomes what the adjoint of fourierTable makes of it",
  async (n) => {
    const m = 2 * n + 2,
      size = 2 * (2 * n + 1) ** 2,
      tables = ["a", "b"].map((seed) => hermitianTable(n, seed));
    const inverse = await openTableInverse(n, 2, nodeCpu(1));
    const found = await inverse.densities((kz, into) =>
      tables.forEach(({ plane }, i) => plane(kz, into.subarray(i * size, (i + 1) * size))),
    );
    await inverse.release();
    expect(found).toHaveLength(2 * n ** 3);
    const volume = input("volume", [n, n, n]),
      transform = input("transform", [2, m, m, m]),
      [adjoint] = gradient(op.sum(op.mul(transform, fourierTable(volume))), [volume]);
    for (const [i, { table, place }] of tables.entries()) {
      const { expected } = await evaluate(
        { expected: adjoint! },
        {
          transform: { tensor: transform, values: table },
          volume: { tensor: volume, values: new Float32Array(n ** 3) },
        },
      );
      const own = found.subarray(i * n ** 3, (i + 1) * n ** 3),
        scale = Math.sqrt(own.reduce((sum, v) => sum + v * v, 0) / n ** 3);
      let largest = 0;
      own.forEach((v, j) => (largest = Math.max(largest, Math.abs(v - expected[j]! / (2 * n) ** 3))));
      // Float32's rounding of a sum of (2n)³ numbers along three axes; the correction is up to 15 at the corners.
      expect(largest / scale).toBeLessThan(3e-5);
      // One voxel by the sum itself.
      const at = [1, n - 1, Math.floor(n / 3)] as const,
        t = at.map((x) => (Math.PI * (x - Math.floor(n / 2))) / (2 * n));
      let sum = 0;
      for (let kz = -n; kz <= n; kz++)
        for (let ky = -n; ky <= n; ky++)
          for (let kx = -n; kx <= n; kx++) {
            const angle = 2 * (t[0]! * kz + t[1]! * ky + t[2]! * kx),
              k = place(kx, ky, kz);
            sum += table[k]! * Math.cos(angle) - table[m ** 3 + k]! * Math.sin(angle);
          }
      const correction = t.reduce((product, x) => product * (x === 0 ? 1 : (x / Math.sin(x)) ** 2), 1);
      const direct = (sum * correction) / (2 * n) ** 3;
      expect(Math.abs(own[(at[0] * n + at[1]) * n + at[2]]! - direct) / scale).toBeLessThan(3e-5);
    }
  },
);

it.each([
  [6, 1],
  [7, 2],
  [70, 2],
])("box %d, %d volumes: the tables are those of the graph", async (n, volumes) => {
  const stream = createStream(3, "volumes"),
    values = Float32Array.from({ length: volumes * n ** 3 }, () => stream.normal()),
    volume = input("volumes", [volumes * n, n, n]);
  const maker = await openTableMaker(n, volumes, nodeCpu(1));
  const { table } = await maker.run({ volume: values });
  await maker.release();
  const { expected } = await evaluate({ expected: fourierTables(volume) }, { volumes: { tensor: volume, values } });
  expect(table).toHaveLength(expected.length);
  const scale = Math.sqrt(expected.reduce((sum, v) => sum + v * v, 0) / expected.length);
  let largest = 0;
  expected.forEach((v, i) => (largest = Math.max(largest, Math.abs(table[i]! - v))));
  expect(largest / scale).toBeLessThan(3e-5);
});
