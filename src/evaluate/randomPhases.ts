import type { RandomStream } from "../runtime/random.ts";
import { densityOf, forEachCoefficient, indexOf, type Spectrum } from "./shells.ts";

/**
 * A map of n³ voxels with the amplitudes of the spectrum and uniformly random phases from the given shell outwards. A
 * phase is drawn for each coefficient of the whole box, so that what a spectrum leaves out changes no other's.
 */
export function randomisePhases(spectrum: Spectrum, n: number, fromShell: number, stream: RandomStream): Float32Array {
  const { boxSize } = spectrum,
    re = spectrum.re.slice(),
    im = spectrum.im.slice();
  const held = (k: number) => 2 * Math.abs(k) < boxSize || boxSize === n;
  forEachCoefficient(n, (index, _shell, kx, ky, kz) => {
    if (kx * kx + ky * ky + kz * kz < fromShell * fromShell) return;
    const mate = indexOf(-kx, -ky, -kz, n);
    if (mate < index) return; // set together with its Friedel mate
    const phase = 2 * Math.PI * stream.uniform();
    if (!(held(kx) && held(ky) && held(kz))) return;
    const here = indexOf(kx, ky, kz, boxSize),
      opposite = indexOf(-kx, -ky, -kz, boxSize),
      amplitude = Math.hypot(re[here]!, im[here]!);
    if (mate === index) {
      re[here] = phase < Math.PI ? amplitude : -amplitude; // a coefficient that must stay real
      im[here] = 0;
      return;
    }
    re[here] = re[opposite] = amplitude * Math.cos(phase);
    im[here] = amplitude * Math.sin(phase);
    im[opposite] = -im[here];
  });
  return densityOf({ re, im, boxSize }, n);
}
