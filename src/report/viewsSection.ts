/** Where the particles are seen from, as the page shows it: one drawing, here as a picture. */
import { encode } from "fast-png";
import { formatNumber } from "../base/format.ts";
import { coverage, coverageNote, coverageText } from "../charts/coverage.ts";
import { viridis, viridisGradient } from "../charts/viridis.ts";
import type { RunDirections } from "../reconstruct/stage.ts";

const size = 240;

/** @param symmetry of the map, which repeats what is measured over its asymmetric unit */
export function viewsSection(directions: RunDirections, symmetry: string): string {
  const views = coverage(directions, symmetry, size),
    { density, largest } = views;
  // Outside of the disc transparent: the page's ground.
  const data = new Uint8Array(4 * size ** 2);
  density.forEach((value, i) => {
    if (!Number.isNaN(value)) data.set([...viridis(value / largest), 255], 4 * i);
  });
  const png = Buffer.from(encode({ width: size, height: size, data, channels: 4, depth: 8 })).toString("base64");
  return (
    `<h2>Viewing directions${directions.half === undefined ? "" : `, half ${directions.half}`}</h2>` +
    `<div class="views"><img width="${size}" height="${size}" alt="viewing directions" ` +
    `src="data:image/png;base64,${png}"><div>` +
    `<div class="legend"><span>0</span><i style="background: ${viridisGradient}"></i>` +
    `<span>${formatNumber(largest, 2)} × even</span></div>` +
    `<p>${coverageText(views)}</p><p class="note">${coverageNote}</p></div></div>`
  );
}
