/** A molecule that moves: its maps along each component, and where its particles are. */
import { formatCount, formatNumber } from "../base/format.ts";
import { logShares, type Spread, spreadOf, ticksOf } from "../charts/places.ts";
import { contrastRange } from "../io/grayImage.ts";
import type { RunMotion } from "../reconstruct/folder/runMotion.ts";
import { imageFigure } from "./html.ts";

export function motionSection({ resolutionAngstrom, components, places }: RunMotion): { html: string } {
  const strips = components.map(({ number, power, along, pixelSizeAngstrom, maps }) => {
    const range = contrastRange(maps.map(({ projection }) => projection)),
      figures = maps.map(({ z, share, projection }) =>
        imageFigure(projection, `z ${z.toFixed(2)}, ${(100 * share).toFixed(1)} %`, pixelSizeAngstrom, range),
      );
    return (
      `<h3>Component ${number}: ${formatNumber(100 * power, 2)} % of the power of the mean, seen along ${along}</h3>` +
      `<div class="strip series">${figures.join("")}</div>`
    );
  });
  return {
    html:
      "<h2>Motion</h2><p>Maps along each component, from one end to the other, each of the particles about it: its " +
      "place z and its share of the particles. The components were worked out to " +
      `${formatNumber(resolutionAngstrom)} Å.</p>${strips.join("")}${places ? spreads(places) : ""}`,
  };
}

/** Of one component a histogram, of each two of several a density. */
function spreads(places: readonly Float32Array[]): string {
  const count = formatCount(places[0]!.length);
  if (places.length === 1) return `<h3>Where the ${count} particles are</h3>${histogram(spreadOf(places))}`;
  const pairs = places.flatMap((_, j) => places.slice(j + 1).map((_, k) => [j, j + 1 + k] as const));
  return (
    `<h3>Where the ${count} particles are: the lighter the more, by the logarithm</h3>` +
    `<div class="images">${pairs.map(([a, b]) => density(spreadOf([places[a]!, places[b]!]), a, b)).join("")}</div>`
  );
}

const [width, height, left, right, top, bottom] = [640, 220, 50, 10, 8, 40];

function histogram({ ranges, bins, counts, largest }: Spread): string {
  const { low, high } = ranges[0]!,
    [w, h] = [width - left - right, height - top - bottom];
  const x = (z: number) => (left + (w * (z - low)) / (high - low)).toFixed(1),
    y = (count: number) => (top + h * (1 - count / largest)).toFixed(1);
  const bars = Array.from(
    counts,
    (count, i) =>
      `<rect x="${(left + (w * i) / bins).toFixed(1)}" y="${y(count)}" width="${(w / bins).toFixed(1)}" ` +
      `height="${((h * count) / largest).toFixed(1)}"/>`,
  );
  const text = (at: string, down: string | number, anchor: string, label: string) =>
    `<text x="${at}" y="${down}" text-anchor="${anchor}">${label}</text>`;
  return (
    `<svg class="histogram" viewBox="0 0 ${width} ${height}" role="img" ` +
    `aria-label="Particles by z along component 1, from ${low.toFixed(2)} to ${high.toFixed(2)}">${bars.join("")}` +
    `<path d="M${left} ${top}V${top + h}H${left + w}"/>` +
    ticksOf(ranges[0]!)
      .map((z) => text(x(z), top + h + 16, "middle", formatNumber(z)))
      .join("") +
    ticksOf({ low: 0, high: largest })
      .map((n) => text(String(left - 6), Number(y(n)) + 4, "end", formatCount(n)))
      .join("") +
    `${text(String(left + w / 2), height - 6, "middle", "z along component 1 (particles in each bin)")}</svg>`
  );
}

/** The first component across, the second up. */
function density(spread: Spread, a: number, b: number): string {
  const { ranges, bins } = spread,
    extent = (j: number) => `${ranges[j]!.low.toFixed(2)} to ${ranges[j]!.high.toFixed(2)}`;
  return imageFigure(
    { width: bins, height: bins, pixels: logShares(spread) },
    `z along component ${a + 1}, ${extent(0)}, across; along component ${b + 1}, ${extent(1)}, up`,
    0,
    [0, 1],
  );
}
