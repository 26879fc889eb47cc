/** Statistics of pixels or voxels; mean, deviation and range are of the finite ones. */
export interface PixelStatistics {
  count: number;
  notFinite: number;
  mean: number;
  standardDeviation: number;
  minimum: number;
  maximum: number;
}

/** Two passes in double precision; all NaN when no value is finite. */
export function pixelStatistics(values: Float32Array): PixelStatistics {
  let [finite, sum, minimum, maximum] = [0, 0, Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (!Number.isFinite(x)) continue;
    finite++;
    sum += x;
    if (x < minimum) minimum = x;
    if (x > maximum) maximum = x;
  }
  const mean = sum / finite;
  let squares = 0;
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) squares += (values[i]! - mean) ** 2;
  const range = finite > 0 ? { minimum, maximum } : { minimum: NaN, maximum: NaN };
  return {
    count: values.length,
    notFinite: values.length - finite,
    mean,
    standardDeviation: Math.sqrt(squares / finite),
    ...range,
  };
}

/** Pixels read at once, 256 MB. */
const mostPixels = 2 ** 26;

/** How many images to look at: `most`, or as many as fit into memory. */
export const imagesThatFit = (most: number, width: number, height: number): number =>
  Math.max(1, Math.min(most, Math.floor(mostPixels / (width * height))));

/** `count` indices spread evenly over 0 .. total - 1, or all when there are fewer. */
export function spreadIndices(total: number, count: number): number[] {
  if (total <= count) return Array.from({ length: total }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.floor((i * total) / count));
}

/** Row-major square or oblong images that follow one another, as one array each. */
export function splitImages(
  pixels: Float32Array,
  width: number,
  height: number,
): { width: number; height: number; pixels: Float32Array }[] {
  return Array.from({ length: pixels.length / (width * height) }, (_, i) => ({
    width,
    height,
    pixels: pixels.subarray(i * width * height, (i + 1) * width * height),
  }));
}
