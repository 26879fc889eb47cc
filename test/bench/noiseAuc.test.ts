import { describe, expect, it } from "vitest";
import { areaUnderCurve, type NoiseQuestion, tellNoise } from "../../bench/cryogan/noiseAuc.ts";
import { bankNoise, variedNoise } from "../../src/physics/noise.ts";
import { uniformDefocus } from "../../src/physics/simulate.ts";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../src/runtime/random.ts";

it("the area under the curve counts pairs in the right order, and half of those that are alike", () => {
  expect(areaUnderCurve(Float32Array.of(3, 4), Float32Array.of(1, 2, 0))).toBe(1);
  expect(areaUnderCurve(Float32Array.of(1, 4), Float32Array.of(2, 3))).toBe(0.5);
  expect(areaUnderCurve(Float32Array.of(1, 2), Float32Array.of(1, 1))).toBe(0.75);
});

describe("what a critic tells of noise that it has not seen", () => {
  const boxSize = 24,
    images = 2048;
  const normal = (count: number, seed: number): Float32Array => {
    const out = new Float32Array(count * boxSize ** 2);
    createStream(seed, "normal").fillNormal(out);
    return out;
  };
  const asked = (particles: NoiseQuestion["particles"], simulator?: Float32Array) =>
    tellNoise({
      critic: "likelihood-ratio",
      maxRadius: 4,
      iterations: 60,
      particles,
      boxSize,
      boxAngstrom: 240,
      workingBox: boxSize,
      images,
      optics: uniformDefocus(
        images,
        [10_000, 20_000],
        { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 },
        1,
      ),
      ...(simulator && { simulator: { images: simulator, n: boxSize } }),
      seed: 1,
      device: nodeCpu(1),
    });
  const stream = createStream(2, "particles");

  it("is much where particles have the same few backgrounds, and a third of it at most where varied", async () => {
    const repeated = (await asked(bankNoise(normal(6, 1), boxSize, stream))).heldOut - 0.5,
      varied = (await asked(variedNoise(normal(50, 1), boxSize, stream), normal(50, 2))).heldOut - 0.5;
    expect(repeated).toBeGreaterThan(0.15);
    expect(Math.abs(varied)).toBeLessThan(repeated / 3);
  });
});
