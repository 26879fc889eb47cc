/** A map from elsewhere as the density that refinement starts from. */
import { InputError } from "../../base/errors.ts";
import type { Volume } from "../../base/types.ts";
import { lowPass } from "../../evaluate/filter.ts";
import { resample } from "../../evaluate/resample.ts";
import { forEachCoefficient, type Spectrum, spectrumOf } from "../../evaluate/shells.ts";
import { radialPower } from "../../evaluate/statistics.ts";
import { symmetrise } from "../../physics/symmetrise.ts";
import { compile } from "../../runtime/session.ts";
import { input } from "../../tensor/tensor.ts";
import type { EstimatedVolume, StageContext } from "../stage.ts";
import { stageMask } from "../stageMask.ts";

export interface StartVolume {
  volume: EstimatedVolume;
  /** Share of the power of its angular features that the point group keeps: 1 where its axes are those of the map. */
  symmetric: number;
}

/**
 * The map on the grid and in the scale of the stages: averaged over the point group, masked, scaled, and low-passed as
 * RELION does (--ini_high), with a raised cosine two Fourier pixels wide. The centre voxel stays the centre.
 *
 * The scale is that of least squares between the map's power S(k) and the power P(k) that the images show, below the
 * resolution: a² = Σ w P S / Σ w S², w = k/N(k)², as shell k has about 2πk samples in an image, with noise N.
 *
 * @param map cubic, of any box and pixel size
 * @throws {InputError} where nothing is left of it within the mask
 */
export async function startVolume(
  { path, map, resolutionAngstrom }: { path: string; map: Volume; resolutionAngstrom: number },
  context: Pick<
    StageContext,
    "boxSize" | "boxAngstrom" | "spectra" | "groups" | "device" | "mask" | "maskRadius" | "positivity"
  >,
): Promise<StartVolume> {
  const {
      boxSize,
      boxAngstrom,
      spectra,
      groups: [group],
      device,
    } = context,
    cutoff = boxAngstrom / resolutionAngstrom;
  const n = 2 * Math.min(Math.floor(boxSize / 2), Math.ceil(cutoff + 1)),
    onGrid = resample(map, n, boxAngstrom / n);
  const volume = input("volume", [n, n, n]);
  const average = await compile(
    { name: "symmetrise", state: {}, feeds: { volume }, outputs: { averaged: symmetrise(volume, group!) } },
    device,
  );
  const averaged = (await average.run({ volume: onGrid.data })).averaged!.slice();
  await average.release();
  const mask = stageMask(n, context),
    masked = { ...onGrid, data: averaged.map((v, i) => v * mask[i]!) };
  const top = Math.min(Math.floor(cutoff), n / 2 - 1),
    power = radialPower(masked).value; // shells 1, 2, …
  let cross = 0,
    square = 0;
  for (let k = 1; k <= top; k++) {
    const weight = k / spectra.noise[k]! ** 2;
    cross += weight * spectra.signal[k]! * power[k - 1]!;
    square += weight * power[k - 1]! ** 2;
  }
  if (!(square > 0) || !(powerUpTo(power, top) > 1e-9 * powerUpTo(radialPower(onGrid).value, top)))
    throw new InputError(
      `${path}: nothing is left of it within the mask at ${resolutionAngstrom} Å; ` +
        "its density must lie about the centre of its box",
    );
  const scale = Math.sqrt(cross / square),
    finished = (data: Float32Array): Float32Array => {
      const filtered = lowPass({ ...onGrid, data: data.map((v) => scale * v) }, resolutionAngstrom).data;
      return context.positivity ? filtered.map((v) => Math.max(0, v)) : filtered;
    };
  return {
    volume: {
      n,
      data: finished(masked.data),
      unmasked: lowPass({ ...onGrid, data: averaged.map((v) => scale * v) }, resolutionAngstrom).data,
    },
    symmetric: symmetricShare(spectrumOf(onGrid), spectrumOf({ ...onGrid, data: averaged }), top),
  };
}

/** Shell means of |V̂|² summed over shells 1 to `top`. */
const powerUpTo = (power: readonly number[], top: number): number => power.slice(0, top).reduce((sum, p) => sum + p, 0);

/** Power of `averaged` over that of `map`, both less the mean of each shell, from shell 1 to `top`. */
function symmetricShare(map: Spectrum, averaged: Spectrum, top: number): number {
  const angular = ({ re, im, boxSize }: Spectrum): number => {
    const means = [new Float64Array(top + 1), new Float64Array(top + 1)],
      members = new Float64Array(top + 1);
    forEachCoefficient(boxSize, (i, k) => {
      if (k > top) return;
      means[0]![k]! += re[i]!;
      means[1]![k]! += im[i]!;
      members[k]!++;
    });
    let sum = 0;
    forEachCoefficient(boxSize, (i, k) => {
      if (k >= 1 && k <= top)
        sum += (re[i]! - means[0]![k]! / members[k]!) ** 2 + (im[i]! - means[1]![k]! / members[k]!) ** 2;
    });
    return sum;
  };
  const before = angular(map);
  return before > 0 ? angular(averaged) / before : 1;
}
