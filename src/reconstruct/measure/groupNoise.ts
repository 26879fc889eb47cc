/** Noise power and contrast of groups of particles, from sums over their images (see noiseGroups.ts). */

/**
 * What is measured of an image on each shell: the power of its background and of the quiet sectors of that, CTF²·|F|²,
 * CTF² times the power of the background, CTF², and CTF⁴.
 */
export const imageMeasures = ["background", "quiet", "weighted", "crowded", "ctf2", "ctf4"] as const;
export type ImageMeasure = (typeof imageMeasures)[number];

/** Sums over the images of each group, [groups, shells 1, 2, …] each. */
export interface GroupSums extends Record<ImageMeasure | "backgroundSquared" | "quietSquared", Float64Array> {
  /** How many images of each group were measured. */
  images: Float64Array;
}

export function emptySums(groups: number, top: number): GroupSums {
  const names = [...imageMeasures, "backgroundSquared", "quietSquared"] as const,
    tables = Object.fromEntries(names.map((name) => [name, new Float64Array(groups * top)]));
  return { ...(tables as Omit<GroupSums, "images">), images: new Float64Array(groups) };
}

/** Adds an image to its group. @param at what it has on a shell, counted from 0 for shell 1 */
export function addImage(sums: GroupSums, group: number, at: (name: ImageMeasure, shell: number) => number): void {
  const top = sums.background.length / sums.images.length;
  sums.images[group]!++;
  for (let r = 0, i = group * top; r < top; r++, i++) {
    for (const name of imageMeasures) sums[name][i]! += at(name, r);
    sums.backgroundSquared[i]! += at("background", r) ** 2;
    sums.quietSquared[i]! += at("quiet", r) ** 2;
  }
}

/** Shells whose estimates are taken together: k ± k/10, and at least the next; at the ends some count twice. */
export function neighbouringShells(k: number, top: number): number[] {
  const reach = Math.max(1, Math.floor(k / 10));
  return Array.from({ length: 2 * reach + 1 }, (_, i) => Math.min(top, Math.max(1, k - reach + i)));
}

/** Weight of the variance that normal noise has, in images, against what the images of a group show. */
const theoryWeight = 10;
/** The contrast of a group is at least and at most this. */
const contrastRange = [0.5, 2] as const;

/**
 * Noise power of each group over the mean's, [groups, shells 0, 1, …]: the mean of its images, drawn towards that of
 * all by their standard error against the spread between groups (empirical Bayes; the spread by DerSimonian & Laird's
 * moments).
 *
 * @param images  measured of each group
 * @param power   summed over the images of each group, [groups, shells 1, 2, …], and the squares of it
 * @param mean    power of all images, shells 0, 1, …
 * @param area    that it was measured on, as a share of the image
 * @see DerSimonian & Laird (1986) Controlled Clinical Trials 7, 177
 */
export function groupNoise(
  images: Float64Array,
  power: Float64Array,
  squared: Float64Array,
  mean: ArrayLike<number>,
  area: number,
): Float32Array {
  const groups = images.length,
    top = mean.length - 1,
    total = images.reduce((a, b) => a + b, 0);
  const degrees = images.reduce((sum, n) => sum + Math.max(0, n - 1), 0);
  const present = images.filter((n) => n > 0).length,
    spreadWeight = total - images.reduce((sum, n) => sum + n * n, 0) / total;
  const ratio = (g: number, k: number): number => power[g * top + k - 1]! / images[g]! / mean[k]!;
  const single = new Float64Array(top + 1),
    apart = new Float64Array(top + 1);
  for (let k = 1; k <= top; k++) {
    let within = 0,
      between = 0;
    for (let g = 0; g < groups; g++) {
      const n = images[g]!;
      if (n === 0) continue;
      within += squared[g * top + k - 1]! / mean[k]! ** 2 - n * ratio(g, k) ** 2;
      between += n * (ratio(g, k) - 1) ** 2;
    }
    // A shell of k has πk independent coefficients, and the background its share of them.
    const theory = 1 / (Math.PI * k * area);
    single[k] = (within + theoryWeight * theory) / (degrees + theoryWeight);
    apart[k] = (between - (present - 1) * single[k]!) / spreadWeight;
  }
  const out = new Float32Array(groups * (top + 1)).fill(1);
  if (present < 2) return out;
  for (let k = 1; k <= top; k++) {
    const near = neighbouringShells(k, top);
    const [variance, spread] = [single, apart].map((of) => near.reduce((sum, i) => sum + of[i]!, 0) / near.length) as [
      number,
      number,
    ];
    if (spread <= 0) continue;
    for (let g = 0; g < groups; g++) {
      const n = images[g]!;
      if (n > 0) out[g * (top + 1) + k] = 1 + (spread / (spread + variance / n)) * (ratio(g, k) - 1);
    }
  }
  for (let g = 0; g < groups; g++) out[g * (top + 1)] = out[g * (top + 1) + 1]!;
  return out;
}

/**
 * CTF²·(|F|² - B) of a sum over images, with B the power of each image's own background: outside the particle as it is
 * there, neighbours included, and where the particle lies, which is no place for neighbours, that of the noise alone.
 *
 * @param weighted      CTF²·|F|² on shells 1, 2, …, of any number of groups
 * @param crowded       CTF² times the power of the background on its own area
 * @param underParticle noise where the particle lies, relative to the whole background as it was measured: its area
 *   over that of the background, times the share of the noise in that; shells 0, 1, …
 */
export function beyondBackground(
  { weighted, crowded }: Pick<GroupSums, "weighted" | "crowded">,
  underParticle: ArrayLike<number>,
): Float64Array {
  const top = underParticle.length - 1;
  return weighted.map((power, i) => power - (1 + underParticle[(i % top) + 1]!) * crowded[i]!);
}

/**
 * Amplitude of the signal in each group over the mean's: its power beyond the noise, by least squares over the shells
 * against the power of all, drawn towards 1 as the noise is.
 *
 * @param beyond from `beyondBackground`
 * @param ratios from `groupNoise`
 * @param noise  power of all, shells 0, 1, …
 * @param signal power of the signal of all on the same shells
 * @param area   of the background, as a share of the image
 */
export function groupContrast(
  sums: Pick<GroupSums, "images" | "ctf2" | "ctf4">,
  beyond: Float64Array,
  ratios: Float32Array,
  noise: ArrayLike<number>,
  signal: ArrayLike<number>,
  area: number,
): Float32Array {
  const groups = sums.images.length,
    top = signal.length - 1;
  const excess = new Float64Array(groups),
    weight = new Float64Array(groups);
  for (let g = 0; g < groups; g++) {
    let information = 0;
    for (let k = 1; k <= top; k++) {
      const at = g * top + k - 1,
        n = ratios[g * (top + 1) + k]! * noise[k]!,
        ctf4 = sums.ctf4[at]!;
      if (ctf4 === 0) continue;
      // One of πk coefficients has the variance (noise + signal)², less what image and background have in common.
      const behind = (signal[k]! * ctf4) / sums.ctf2[at]!,
        variance = 2 * (1 - area) * n ** 2 + 2 * n * behind + behind ** 2,
        trust = (Math.PI * k * signal[k]!) / variance;
      excess[g]! += trust * beyond[at]!;
      information += trust * signal[k]! * ctf4;
    }
    weight[g] = information;
  }
  const all = weight.reduce((a, b) => a + b, 0),
    mean = excess.reduce((a, b) => a + b, 0) / all,
    present = weight.filter((w) => w > 0).length;
  const out = new Float32Array(groups).fill(1);
  if (!(mean > 0)) return out;
  // Relative to the mean, each estimate has the variance 1/(mean²·weight).
  const power = excess.map((e, g) => (weight[g]! > 0 ? e / weight[g]! / mean : 1)),
    precision = weight.map((w) => w * mean ** 2);
  const q = power.reduce((sum, p, g) => sum + precision[g]! * (p - 1) ** 2, 0),
    first = precision.reduce((a, b) => a + b, 0),
    second = precision.reduce((sum, w) => sum + w * w, 0);
  const spread = (q - (present - 1)) / (first - second / first);
  if (!(spread > 0)) return out;
  const [least, most] = contrastRange;
  return out.map((_, g) => {
    const own = spread / (spread + 1 / precision[g]!);
    return Math.min(most, Math.max(least, Math.sqrt(Math.max(0, 1 + own * (power[g]! - 1)))));
  });
}
