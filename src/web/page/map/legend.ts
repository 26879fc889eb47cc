/** Scale bar and axes over a picture of a map. */
import { type Axis, axes } from "../address.ts";
import { cssColor } from "../theme.ts";
import { planeColor } from "./planeColor.ts";
import { scaleBarAngstrom } from "./scaleBar.ts";

export interface Legend {
  /** Of a pixel of the page, wherever it is: the view has no perspective. */
  angstromPerPixel: number;
  /** The unit vector along each axis as it is seen: to the right, and up. */
  axes: Record<Axis, readonly [number, number]>;
}

const [margin, armPixels] = [16, 26];

/**
 * Draws into the lower corners.
 *
 * @param scale pixels of the canvas in one of the page
 */
export function drawLegend(context: CanvasRenderingContext2D, legend: Legend, scale: number): void {
  const [width, height] = [context.canvas.width / scale, context.canvas.height / scale];
  context.save();
  context.scale(scale, scale);
  context.font = "600 11px system-ui, sans-serif";
  context.lineCap = "round";
  const text = cssColor("text"),
    length = scaleBarAngstrom(width * legend.angstromPerPixel * 0.6),
    left = width - margin - length / legend.angstromPerPixel;
  context.fillStyle = text;
  context.fillRect(left, height - margin - 3, length / legend.angstromPerPixel, 3);
  context.textAlign = "right";
  context.fillText(`${length} Å`, width - margin, height - margin - 8);
  const [x, y] = [margin + armPixels, height - margin - armPixels];
  context.lineWidth = 2;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const axis of axes) {
    const [right, up] = legend.axes[axis];
    context.strokeStyle = context.fillStyle = cssColor(planeColor[axis]);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + 0.7 * armPixels * right, y - 0.7 * armPixels * up);
    context.stroke();
    // An axis towards the viewer is a point: its name stands beside it.
    const seen = Math.hypot(right, up);
    const [aside, above] = seen < 0.2 ? [-0.35, -0.35] : [right, up];
    context.fillText(axis, x + armPixels * aside, y - armPixels * above);
  }
  context.restore();
}
