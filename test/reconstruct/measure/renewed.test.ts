/** What a pass takes from the images, against what it makes of a density that they do not hold. */
import { expect, test } from "vitest";
import { angularPowers } from "../../../src/evaluate/angular.ts";
import { forEachCoefficient } from "../../../src/evaluate/shells.ts";
import { centeredInverse, centeredTransform } from "../../../src/numeric/centredTransform.ts";
import { changeBox } from "../../../src/numeric/fourierCrop.ts";
import { sphericalMask } from "../../../src/physics/mask.ts";
import { refinementStage } from "../../../src/reconstruct/likelihood/refinementStage.ts";
import { asMap } from "../../../src/reconstruct/measure/asMap.ts";
import { compareHalfSamples } from "../../../src/reconstruct/measure/halfSamples.ts";
import { attainableSnr } from "../../../src/reconstruct/run/schedule.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { boxSize, radialPowerOf, simulated } from "../simulated.ts";

const maxRadius = 8,
  n = 2 * maxRadius,
  count = 3000;
/** Fine enough to tell more than the size of the molecule; the outermost is cut by the edge of the box. */
const shells = [4, 5, 6, 7];
const mean = (value: (shell: number) => number): number => shells.reduce((sum, k) => sum + value(k) / 4, 0);

/** Noise in the molecule's place, with a share of its power on every shell. */
function mistake(molecule: Float32Array, share: number): Float32Array {
  const stream = createStream(5, "mistake"),
    noise = sphericalMask([n, n, n], 0.3 * n, 1, [0, 0, 0]).map((inside) => inside * stream.normal());
  const wanted = radialPowerOf(molecule),
    power = radialPowerOf(noise),
    { re, im } = centeredTransform(noise, [n, n, n]);
  forEachCoefficient(n, (i, shell) => {
    const factor = shell < maxRadius ? Math.sqrt((share * wanted[shell]!) / power[shell]!) : 0;
    re[i]! *= factor;
    im[i]! *= factor;
  });
  return Float32Array.from(centeredInverse(re, im, [n, n, n]));
}

test.each([0.3, 0.1, 0.01])("it is the part of a mistake that a pass takes out of the map, SNR %d", async (snr) => {
  const { context, truth } = await simulated({ count, maxRadius, signalToNoise: snr, noisy: true }),
    right = changeBox({ n: boxSize, data: truth }, n).data,
    wrong = mistake(right, 0.3);
  const { halfSamples, volume } = await refinementStage(
    { kind: "refinement", maxRadius, iterations: 1, particles: count },
    context,
    { n, data: right.map((v, i) => v + wrong[i]!) },
    undefined,
    undefined,
    async () => undefined,
  );
  await context.store.close();
  const attainable = attainableSnr(context.spectra, count, 1),
    { renewed } = compareHalfSamples(halfSamples!, n, context.spectra, attainable, count);
  const along = (data: Float32Array): Float64Array => {
    const { cross, b } = angularPowers(asMap({ n, data }), asMap({ n, data: wrong }));
    return cross.map((v, k) => v / b[k]!);
  };
  const before = along(right),
    after = along(volume.unmasked),
    // Wiener's damping taken out
    removed = (k: number): number => 1 + before[k]! - after[k]! * (1 + 1 / attainable[k]!);
  expect(Math.abs(mean((k) => renewed[k - 1]!) - mean(removed))).toBeLessThan(0.15);
});
