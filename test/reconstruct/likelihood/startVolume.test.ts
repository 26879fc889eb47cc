/** A map from elsewhere against the density that it is of, in the scale of the images. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Volume } from "../../../src/base/types.ts";
import { fourierShellCorrelation } from "../../../src/evaluate/fsc.ts";
import { resample, windowed } from "../../../src/evaluate/resample.ts";
import { rotateVolume } from "../../../src/evaluate/rotate.ts";
import { eulerToMatrix } from "../../../src/physics/rotations.ts";
import { startVolume } from "../../../src/reconstruct/likelihood/startVolume.ts";
import { inputError } from "../../io/helpers.ts";
import { boxSize, radialPowerOf, type Simulated, simulated } from "../simulated.ts";

let plain: Simulated, twofold: Simulated;
beforeAll(async () => {
  const settings = { count: 8, maxRadius: 4, signalToNoise: 1, noisy: false };
  plain = await simulated(settings);
  twofold = await simulated({ ...settings, symmetry: "D2" });
});
afterAll(async () => {
  await plain.context.store.close();
  await twofold.context.store.close();
});

const mapOf = (data: Float32Array): Volume => ({
  data,
  shape: [boxSize, boxSize, boxSize],
  pixelSizeAngstrom: plain.context.boxAngstrom / boxSize,
  originAngstrom: [0, 0, 0],
});
const given = (map: Volume, resolutionAngstrom = 18) => ({ path: "start.mrc", map, resolutionAngstrom });

describe("a start", () => {
  // 18 Å is shell 8 of 144 Å.
  test.each([
    ["of another scale", (truth: Volume) => ({ ...truth, data: truth.data.map((v) => 1000 * v) })],
    ["of finer voxels", (truth: Volume) => resample(truth, 36, 4)],
    ["of a wider box", (truth: Volume) => windowed(truth, 40)],
    ["of a wider box, in coarser voxels", (truth: Volume) => resample(truth, 30, 7.2)],
    ["moved by its ORIGIN alone", (truth: Volume): Volume => ({ ...truth, originAngstrom: [50, -20, 3] })],
  ])("%s is the density that the images show, up to its resolution", async (_, change) => {
    const truth = mapOf(plain.truth);
    const { volume, symmetric } = await startVolume(given({ ...truth, ...change(truth) }), plain.context);
    expect(symmetric).toBeCloseTo(1, 6);
    expect(volume.n).toBe(18);
    const onGrid = resample(mapOf(plain.truth), volume.n, truth.pixelSizeAngstrom * (boxSize / volume.n));
    const { fsc } = fourierShellCorrelation(onGrid, { ...onGrid, data: volume.data });
    expect(Math.min(...fsc.slice(0, 7))).toBeGreaterThan(0.99);
    // |V̂|² stays what it is: values of a coarser grid are larger by the ratio of their voxels.
    const found = radialPowerOf(volume.data),
      power = radialPowerOf(plain.truth);
    for (let k = 1; k <= 6; k++) expect(found[k]! / power[k]!, `shell ${k}`).toBeCloseTo(1, 1);
    expect(found[8]! / power[8]!).toBeLessThan(0.5);
    expect(found[9]! / power[9]!).toBeLessThan(0.01);
  });

  test("keeps its power where the axes of the group are its own, and loses it where they are not", async () => {
    const truth = mapOf(twofold.truth),
      turned = rotateVolume(truth, eulerToMatrix(0.7, 1, 0.4), [0, 0, 0]);
    const [own, other] = [
      await startVolume(given(truth), twofold.context),
      await startVolume(given(turned), twofold.context),
    ];
    expect(own.symmetric).toBeGreaterThan(0.85);
    expect(other.symmetric).toBeLessThan(0.5);
  });

  test("with nothing within the mask is refused", async () => {
    const corner = mapOf(new Float32Array(boxSize ** 3));
    for (let i = 0; i < 3; i++) corner.data[(i * boxSize + i) * boxSize + 1] = 1;
    expect(await inputError(() => startVolume(given(corner), { ...plain.context, maskRadius: 0.1 }))).toMatch(
      /^start\.mrc: nothing is left of it within the mask at 18 Å/,
    );
  });
});
