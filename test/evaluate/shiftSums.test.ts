import { expect, test } from "vitest";
import { openShiftSums } from "../../src/evaluate/shiftSums.ts";
import { createStream } from "../../src/runtime/random.ts";

test.each([
  [2, 3, 8],
  [5, 4, 16],
  [3, 0, 8],
])(
  "of coefficients to %d at shifts to %d of %d, one call after another, they are those of the definition",
  (last, reach, m) => {
    const { coefficients, sum } = openShiftSums(last, reach, m),
      stream = createStream(3, "coefficients"),
      edge = 2 * last + 1,
      shifts = 2 * reach + 1;
    for (let call = 0; call < 2; call++) {
      for (const part of [coefficients.re, coefficients.im]) part.forEach((_, i) => (part[i] = stream.normal()));
      const found = sum();
      for (let at = 0; at < shifts ** 3; at++) {
        const s = [at % shifts, Math.floor(at / shifts) % shifts, Math.floor(at / shifts ** 2)].map((v) => v - reach);
        let re = 0,
          im = 0;
        for (let i = 0; i < edge ** 3; i++) {
          const k = [i % edge, Math.floor(i / edge) % edge, Math.floor(i / edge ** 2)].map((v) => v - last),
            angle = (-2 * Math.PI * (k[0]! * s[0]! + k[1]! * s[1]! + k[2]! * s[2]!)) / m;
          re += coefficients.re[i]! * Math.cos(angle) - coefficients.im[i]! * Math.sin(angle);
          im += coefficients.re[i]! * Math.sin(angle) + coefficients.im[i]! * Math.cos(angle);
        }
        expect(found.re[at]).toBeCloseTo(re, 9);
        expect(found.im[at]).toBeCloseTo(im, 9);
      }
    }
  },
);
