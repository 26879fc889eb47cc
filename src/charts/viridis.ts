/**
 * Viridis (Smith & van der Walt, 2015), even steps of lightness, told apart by colour-blind readers; between stops
 * linear in sRGB.
 */
const stops = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
] as const;

/** @param x 0 to 1; beyond is clamped @returns red, green, blue from 0 to 255 */
export function viridis(x: number): [number, number, number] {
  const place = Math.min(1, Math.max(0, x)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(place));
  return [0, 1, 2].map((channel) =>
    Math.round(stops[i]![channel]! + (place - i) * (stops[i + 1]![channel]! - stops[i]![channel]!)),
  ) as [number, number, number];
}

const cssStops = stops.map((stop) => `rgb(${stop.join(", ")})`).join(", ");
export const viridisGradient = `linear-gradient(to right, ${cssStops})`;
