import { encode } from "fast-png";

/** A row-major image of real values; the first row is drawn at the top. */
export interface GrayImage {
  width: number;
  height: number;
  pixels: ArrayLike<number>;
}

/**
 * Values drawn as black and white: these quantiles of the finite pixels, so that single hot pixels do not
 * take all the contrast. Equal pixels give [v - 1, v + 1], mid-grey.
 */
export function contrastRange(
  images: readonly GrayImage[],
  lowQuantile = 0.002,
  highQuantile = 0.998,
): [number, number] {
  const values = Float64Array.from(images.flatMap((image) => Array.from(image.pixels).filter(Number.isFinite))).sort();
  if (values.length === 0) return [-1, 1];
  const at = (q: number) => values[Math.round(q * (values.length - 1))]!;
  const [low, high] = [at(lowQuantile), at(highQuantile)];
  return high > low ? [low, high] : [low - 1, low + 1];
}

/** Grey from 0 to 255; values outside `range` saturate, non-finite ones are black. */
export function grayBytes(image: GrayImage, range: readonly [number, number] = contrastRange([image])): Uint8Array {
  const scale = 255 / (range[1] - range[0]);
  const data = new Uint8Array(image.width * image.height);
  for (let i = 0; i < data.length; i++) {
    const x = (image.pixels[i]! - range[0]) * scale;
    data[i] = Number.isFinite(x) ? Math.max(0, Math.min(255, Math.round(x))) : 0;
  }
  return data;
}

/** An 8-bit grey PNG, as `grayBytes`. */
export const encodeGrayPng = (image: GrayImage, range?: readonly [number, number]): Uint8Array =>
  encode({ width: image.width, height: image.height, data: grayBytes(image, range), channels: 1, depth: 8 });

/** Images side by side in rows, each stretched to its own contrast (0 to 1), with a gap of zeros between. */
export function montage(images: readonly GrayImage[], columns: number, gap = 2): GrayImage {
  const cell = {
    width: Math.max(...images.map((image) => image.width)),
    height: Math.max(...images.map((image) => image.height)),
  };
  const rows = Math.ceil(images.length / columns);
  const total = { width: columns * (cell.width + gap) - gap, height: rows * (cell.height + gap) - gap };
  const pixels = new Float32Array(total.width * total.height);
  images.forEach((image, i) => {
    const { width, height } = image;
    const [low, high] = contrastRange([image]);
    const left = (i % columns) * (cell.width + gap);
    const top = Math.floor(i / columns) * (cell.height + gap);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        pixels[(top + y) * total.width + left + x] = Math.max(
          0,
          Math.min(1, (image.pixels[y * width + x]! - low) / (high - low)),
        );
  });
  return { ...total, pixels };
}
