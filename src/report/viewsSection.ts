/** Where the particles are seen from, as the page shows it: one drawing, here as a picture. */
import { encode } from "fast-png";
import { formatNumber } from "../base/format.ts";
import { coverage } from "../charts/coverage.ts";
import { viridis, viridisGradient } from "../charts/viridis.ts";
import type { RunDirections } from "../reconstruct/stage.ts";

const size = 240;

/** @param symmetry of the map, which repeats what is measured over its asymmetric unit */
export function viewsSection(directions: RunDirections, symmetry: string): string {
  const { density, largest, emptyShare } = coverage(directions, symmetry, size);
  // Outside of the disc transparent: the page's ground.
  const data = new Uint8Array(4 * size ** 2);
  density.forEach((value, i) => {
    if (!Number.isNaN(value)) data.set([...viridis(value / largest), 255], 4 * i);
  });
  const png = Buffer.from(encode({ width: size, height: size, data, channels: 4, depth: 8 })).toString("base64"),
    most = formatNumber(largest, 2);
  return (
    `<h2>Viewing directions${directions.half === undefined ? "" : `, half ${directions.half}`}</h2>` +
    `<div class="views"><img width="${size}" height="${size}" alt="viewing directions" ` +
    `src="data:image/png;base64,${png}"><div>` +
    `<div class="legend"><span>0</span><i style="background: ${viridisGradient}"></i>` +
    `<span>${most} × even</span></div>` +
    `<p>The commonest view has ${most} times the even number of particles; ` +
    (emptyShare === 0
      ? "every direction has at least a tenth of it.</p>"
      : `${Math.round(100 * emptyShare)} % of all directions have less than a tenth of it.</p>`) +
    '<p class="note">Views along z are in the middle (tilt 0°), side views on the rim (tilt 90°); rot runs ' +
    "anticlockwise from the right. Equal areas are equal solid angles; a view and its opposite are one.</p></div></div>"
  );
}
