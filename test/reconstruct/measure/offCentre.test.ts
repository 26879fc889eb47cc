import { expect, test } from "vitest";
import { whiteNoise } from "../../../src/physics/noise.ts";

import { eulerToMatrix } from "../../../src/physics/rotations.ts";
import { sampleShifts } from "../../../src/physics/shift.ts";
import { simulateImages, uniformDefocus } from "../../../src/physics/simulate.ts";
import { samplePoses } from "../../../src/physics/viewing.ts";
import { keepCoarse, openExtentSums } from "../../../src/reconstruct/measure/extent.ts";
import { type OffCentre, offCentre, sigmaShown } from "../../../src/reconstruct/measure/offCentre.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { type Blob, densityOf, moveBlobs, randomBlobs } from "../../evaluate/blobs.ts";

const n = 48,
  pixel = 5,
  boxAngstrom = n * pixel,
  count = 300;
/** Of the molecule, Å. */
const radius = 60;
const optics = uniformDefocus(
  count,
  [10_000, 25_000],
  { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 },
  1,
);

/** A molecule without symmetry, about its centre of mass. */
function molecule(): ReturnType<typeof densityOf> {
  const blobs = randomBlobs(40, 3, 0.7 * radius, 10);
  const mass = (b: Blob): number => b.height * b.sigmaAngstrom ** 3,
    total = blobs.reduce((sum, b) => sum + mass(b), 0),
    centre = [0, 1, 2].map((axis) => blobs.reduce((sum, b) => sum + (mass(b) * b.centreAngstrom[axis]!) / total, 0));
  return densityOf(
    moveBlobs(
      blobs,
      eulerToMatrix(0, 0, 0),
      centre.map((v) => -v),
      false,
    ),
    n,
    pixel,
  );
}

/** Images [count, n, n] of molecules at places [2, count], in units of the box. */
async function imagesAt(places: Float32Array, name: string): Promise<Float32Array> {
  const images = new Float32Array(count * n * n);
  const exposures = {
    volume: molecule(),
    rotations: samplePoses({ kind: "uniform" }, count, createStream(1, name)),
    shifts: Float32Array.from({ length: 2 * count }, (_, i) => places[(i % 2) * count + (i >> 1)]!),
    optics,
  };
  for await (const batch of simulateImages(exposures, nodeCpu(1))) images.set(batch.images, batch.first * n * n);
  return images;
}

interface Scene {
  /** Standard deviation from the centre, Å. */
  sigma: number;
  neighbours?: boolean;
  /** None there. */
  empty?: boolean;
}

async function measured({ sigma, neighbours, empty }: Scene): Promise<OffCentre | undefined> {
  const stream = createStream(2, "scene");
  const images = empty
    ? new Float32Array(count * n * n)
    : await imagesAt(sampleShifts({ kind: "gaussian", sigma: sigma / boxAngstrom }, count, stream), "poses");
  if (neighbours) {
    const places = new Float32Array(2 * count);
    for (let p = 0; p < count; p++) {
      const angle = 2 * Math.PI * stream.uniform(),
        distance = (2.2 * radius * (1 + 0.3 * stream.uniform())) / boxAngstrom;
      places[p] = distance * Math.cos(angle);
      places[count + p] = distance * Math.sin(angle);
    }
    (await imagesAt(places, "neighbours")).forEach((value, i) => (images[i]! += value));
  }
  const noise = new Float32Array(images.length);
  whiteNoise(createStream(3, "noise"))(noise);
  const sums = openExtentSums(n, boxAngstrom);
  for (let p = 0; p < count; p++)
    keepCoarse(
      sums,
      images.subarray(p * n * n, (p + 1) * n * n).map((value, i) => value + 3 * noise[p * n * n + i]! + 5),
      p,
    );
  return offCentre(sums, optics, 1.2 * radius);
}

// Images have a signal of unit variance: the noise is nine times that.
test.each([
  [0, {}],
  [3, {}],
  [6, {}],
  [12, {}],
  [6, { neighbours: true }],
] as const)("particles %d Å off centre are found to be so: %j", async (sigma, scene) => {
  const { variance, error } = (await measured({ sigma, ...scene }))!;
  expect(error).toBeLessThan(0.3 * sigma ** 2 + 4);
  // What a molecule has of order 1 looks like a shift by up to a twentieth of its radius.
  expect(Math.abs(variance - sigma ** 2)).toBeLessThan(3 * error + 0.15 * sigma ** 2 + (radius / 20) ** 2);
});

test("noise alone does not tell", async () => {
  const lies = await measured({ sigma: 0, empty: true });
  expect(lies && sigmaShown(lies, boxAngstrom)).toBeUndefined();
});
