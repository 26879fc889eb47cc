import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { HALF_VALUES, halfBits } from "../../src/io/float16.ts";
import { installTestDebs, python, temporaryFolder } from "./helpers.ts";

beforeAll(installTestDebs);

test("every half has numpy's value", () => {
  const path = join(temporaryFolder(), "halves");
  python("import sys, numpy as np; np.arange(65536, dtype='<u2').view('<f2').astype('<f4').tofile(sys.argv[1])", path);
  const expected = new Float32Array(new Uint8Array(readFileSync(path)).buffer);
  expect(
    Buffer.compare(
      Buffer.from(HALF_VALUES.map((x) => (Number.isNaN(x) ? 0 : x)).buffer),
      Buffer.from(expected.map((x) => (Number.isNaN(x) ? 0 : x)).buffer),
    ),
  ).toBe(0);
  expect(HALF_VALUES.filter(Number.isNaN).length).toBe(2046);
});

test("rounding to half agrees with numpy, ties, subnormals and overflow included", () => {
  const path = join(temporaryFolder(), "floats");
  const values: number[] = [
    0,
    -0,
    65504,
    65519.996,
    65520,
    1e30,
    -Infinity,
    Infinity,
    2 ** -24,
    2 ** -25,
    1.5 * 2 ** -25,
    3 * 2 ** -25,
    2 ** -14,
    2 ** -14 * (1 - 2 ** -12),
  ];
  for (let bits = 0; bits < 0x7c00; bits += 7) {
    const [low, high] = [HALF_VALUES[bits]!, HALF_VALUES[bits + 1]!];
    const middle = Number.isFinite(high) ? (low + high) / 2 : low;
    values.push(low, middle, -middle, middle * (1 + 2 ** -20), middle * (1 - 2 ** -20));
  }
  const floats = Float32Array.from(values);
  writeFileSync(path, floats);
  python(
    `
import sys, numpy as np
with np.errstate(all="ignore"): np.fromfile(sys.argv[1], "<f4").astype("<f2").tofile(sys.argv[1])`,
    path,
  );
  const expected = new Uint16Array(new Uint8Array(readFileSync(path)).buffer);
  expect(Array.from(floats, halfBits)).toEqual([...expected]);
  expect(HALF_VALUES[halfBits(NaN)]).toBeNaN();
});
