import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatNumber } from "../../../base/format.ts";
import type { Axis, Planes } from "../address.ts";
import { cssColor, paletteVersion } from "../theme.ts";
import type { MapGrid } from "./grid.ts";
import { planeColor } from "./planeColor.ts";
import { acrossAxis, greyRange, type Plane, placeOfVoxel, planeOf, voxelAt, voxelsAlong } from "./planes.ts";
import { scaleBarAngstrom } from "./scaleBar.ts";

export interface SliceProps {
  map: MapGrid;
  /** For screen readers, where there are several. */
  name: string;
  axis: Axis;
  planes: Planes;
  onMove: (planes: Planes) => void;
}

/** A slice as grey levels, with a scale bar and the lines of the others, which move where one points. */
export function SliceView({ map, name, axis, planes, onMove }: SliceProps) {
  const canvas = useRef<HTMLCanvasElement>(null),
    version = paletteVersion.value;
  const [widthPixels, setWidth] = useState(0);
  const voxel = voxelAt(map, axis, planes[axis]),
    plane = useMemo(() => planeOf(map, axis, voxel), [map, axis, voxel]),
    { right, up } = acrossAxis[axis],
    [column, row] = [voxelAt(map, right, planes[right]), plane.height - 1 - voxelAt(map, up, planes[up])];
  const image = useMemo(() => greyImage(plane, greyRange(map.statistics)), [plane, map]);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry!.contentRect.width * devicePixelRatio)));
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (widthPixels === 0) return;
    const element = canvas.current!;
    element.width = widthPixels;
    element.height = Math.round((widthPixels * plane.height) / plane.width);
    const context = element.getContext("2d")!;
    context.drawImage(image, 0, 0, element.width, element.height);
    const scale = widthPixels / plane.width;
    line(context, cssColor(planeColor[right]), [(column + 0.5) * scale, 0], [(column + 0.5) * scale, element.height]);
    line(context, cssColor(planeColor[up]), [0, (row + 0.5) * scale], [element.width, (row + 0.5) * scale]);
    drawScaleBar(context, scale / map.pixelSizeAngstrom);
  }, [image, column, row, widthPixels, version]);
  const pointTo = (event: PointerEvent) => {
    if (event.buttons !== 1) return;
    const box = canvas.current!.getBoundingClientRect();
    const [fromLeft, fromTop] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const place = (along: Axis, share: number) => {
      const last = voxelsAlong(map, along) - 1;
      return placeOfVoxel(map, along, Math.min(last, Math.max(0, Math.floor(share * (last + 1)))));
    };
    onMove({ ...planes, [right]: place(right, fromLeft), [up]: place(up, 1 - fromTop) });
  };
  const at = placeText(planes[axis]);
  return (
    <canvas
      ref={canvas}
      class="slice"
      style={{ borderColor: `var(--${planeColor[axis]})`, aspectRatio: `${plane.width} / ${plane.height}` }}
      role="img"
      aria-label={`Slice of ${name} across ${axis} at ${at}: ${right} to the right, ${up} upwards`}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        pointTo(event);
      }}
      onPointerMove={pointTo}
    />
  );
}

/** "12.5 Å", "−3 Å". */
export const placeText = (angstrom: number): string => `${formatNumber(angstrom).replace("-", "−")} Å`;

function greyImage({ width, height, values }: Plane, [black, white]: readonly [number, number]): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement("canvas"), { width, height }),
    context = canvas.getContext("2d")!,
    image = context.createImageData(width, height),
    scale = 255 / (white - black);
  values.forEach((value, i) => {
    const grey = (value - black) * scale; // clamped by the array
    image.data.set([grey, grey, grey, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

type Point = readonly [number, number];

function line(context: CanvasRenderingContext2D, color: string, from: Point, to: Point): void {
  context.strokeStyle = color;
  context.globalAlpha = 0.75;
  context.lineWidth = devicePixelRatio;
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  context.globalAlpha = 1;
}

/** In the lower left corner, white on a dark edge so that it is seen on any grey. */
function drawScaleBar(context: CanvasRenderingContext2D, pixelsPerAngstrom: number): void {
  const ratio = devicePixelRatio,
    length = scaleBarAngstrom(context.canvas.width / pixelsPerAngstrom),
    [left, bottom] = [6 * ratio, context.canvas.height - 7 * ratio];
  context.font = `600 ${11 * ratio}px system-ui, sans-serif`;
  context.lineJoin = "round";
  context.strokeStyle = "rgb(0 0 0 / 75%)";
  context.fillStyle = "#fff";
  context.lineWidth = 3 * ratio;
  context.strokeText(`${length} Å`, left, bottom - 5 * ratio);
  context.fillText(`${length} Å`, left, bottom - 5 * ratio);
  context.strokeRect(left, bottom, length * pixelsPerAngstrom, 2 * ratio);
  context.fillRect(left, bottom, length * pixelsPerAngstrom, 2 * ratio);
}
