import { useEffect, useRef, useState } from "preact/hooks";
import { formatCount, formatNumber } from "../../../base/format.ts";
import { logShares, type Spread, ticksOf } from "../../../charts/places.ts";
import { viridis } from "../../../charts/viridis.ts";
import type { Range } from "../../../reconstruct/motionParticles.ts";

interface SpreadPlotProps {
  spread: Spread;
  /** The component, from 0, of each axis. */
  axes: readonly number[];
  count: number;
  ranges: ReadonlyMap<number, Range>;
  onRanges: (ranges: ReadonlyMap<number, Range>) => void;
  at: { component: number; z: number };
}

const [width, left, right, top, bottom] = [420, 46, 8, 8, 38],
  plotWidth = width - left - right;
/** Less of a drag, in units of the drawing, is a click. */
const leastDrag = 4;

/** Bars along one component, or a density of two; a drag across it chooses a range of each. */
export function SpreadPlot({ spread, axes, count, ranges, onRanges, at }: SpreadPlotProps) {
  const plane = axes.length > 1,
    plotHeight = plane ? plotWidth : 180,
    height = top + plotHeight + bottom;
  const drawing = useRef<SVGSVGElement>(null);
  const [from, setFrom] = useState<readonly [number, number]>();
  const [across, up] = spread.ranges as [Range, Range | undefined];
  const x = (z: number) => left + (plotWidth * (z - across.low)) / (across.high - across.low),
    y = (value: number, { low, high }: Range) => top + plotHeight * (1 - (value - low) / (high - low));
  const particles: Range = { low: 0, high: spread.largest },
    vertical = up ?? particles;

  /** Where a pointer is, in units of the drawing, within the plot. */
  const placeOf = ({ clientX, clientY }: PointerEvent): [number, number] => {
    const box = drawing.current!.getBoundingClientRect(),
      unit = width / box.width;
    return [
      Math.min(left + plotWidth, Math.max(left, (clientX - box.left) * unit)),
      Math.min(top + plotHeight, Math.max(top, (clientY - box.top) * unit)),
    ];
  };
  const choose = (to: readonly [number, number]) => {
    if (!from || Math.hypot(to[0] - from[0], to[1] - from[1]) < leastDrag) return;
    const along = (range: Range, a: number, b: number): Range => {
      const z = [a, b].sort((p, q) => p - q).map((part) => range.low + part * (range.high - range.low));
      return { low: z[0]!, high: z[1]! };
    };
    const share = (px: number) => (px - left) / plotWidth,
      shareUp = (py: number) => 1 - (py - top) / plotHeight;
    onRanges(
      new Map([
        [axes[0]!, along(across, share(from[0]), share(to[0]))],
        ...(up ? [[axes[1]!, along(up, shareUp(from[1]), shareUp(to[1]))] as const] : []),
      ]),
    );
  };

  const names = axes.map((j) => `z along component ${j + 1}`),
    extent = spread.ranges.map(({ low, high }, i) => `${names[i]} from ${low.toFixed(2)} to ${high.toFixed(2)}`);
  const selected = (i: number) => ranges.get(axes[i]!) ?? spread.ranges[i]!;
  const marked = axes.indexOf(at.component);
  return (
    <div class={`spread${plane ? " plane" : ""}`}>
      {plane && <Density spread={spread} style={placed(left, top, plotWidth, plotHeight, width, height)} />}
      <svg
        ref={drawing}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`${formatCount(count)} particles, ${extent.join(", ")}`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setFrom(placeOf(event));
        }}
        onPointerMove={(event) => choose(placeOf(event))}
        onPointerUp={() => setFrom(undefined)}
        onPointerCancel={() => setFrom(undefined)}
      >
        {!plane &&
          Array.from(spread.counts, (value, i) => (
            <rect
              key={i}
              class="bar"
              x={left + (plotWidth * i) / spread.bins}
              y={y(value, particles)}
              width={plotWidth / spread.bins}
              height={(plotHeight * value) / spread.largest}
            />
          ))}
        <path class="axis" d={`M${left} ${top}V${top + plotHeight}H${left + plotWidth}`} />
        {ticksOf(across).map((tick) => (
          <text key={tick} x={x(tick)} y={top + plotHeight + 14} class="middle">
            {formatNumber(tick)}
          </text>
        ))}
        {ticksOf(vertical).map((tick) => (
          <text key={tick} x={left - 5} y={y(tick, vertical) + 4} class="end">
            {plane ? formatNumber(tick) : formatCount(tick)}
          </text>
        ))}
        <text x={left + plotWidth / 2} y={height - 6} class="middle">
          {names[0]}
        </text>
        <text x={-(top + plotHeight / 2)} y={11} transform="rotate(-90)" class="middle">
          {names[1] ?? "particles"}
        </text>
        {marked === 0 && <line class="mark" x1={x(at.z)} x2={x(at.z)} y1={top} y2={top + plotHeight} />}
        {marked === 1 && (
          <line class="mark" x1={left} x2={left + plotWidth} y1={y(at.z, vertical)} y2={y(at.z, vertical)} />
        )}
        {ranges.size > 0 && <Selection {...{ x, y }} across={selected(0)} up={up && selected(1)} vertical={vertical} />}
      </svg>
    </div>
  );
}

interface SelectionProps {
  x: (z: number) => number;
  y: (value: number, range: Range) => number;
  across: Range;
  up: Range | undefined;
  vertical: Range;
}

function Selection({ x, y, across, up = { low: -Infinity, high: Infinity }, vertical }: SelectionProps) {
  const within = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
  const [x0, x1] = [across.low, across.high].map((z) => within(x(z), left, left + plotWidth)) as [number, number],
    [y0, y1] = [up.high, up.low].map((z) => y(within(z, vertical.low, vertical.high), vertical)) as [number, number];
  return <rect class="selected" x={x0} y={y0} width={x1 - x0} height={y1 - y0} />;
}

/** A part of a drawing as the style of what lies under it. */
const placed = (x: number, y: number, w: number, h: number, ofWidth: number, ofHeight: number) => ({
  left: `${(100 * x) / ofWidth}%`,
  top: `${(100 * y) / ofHeight}%`,
  width: `${(100 * w) / ofWidth}%`,
  height: `${(100 * h) / ofHeight}%`,
});

/** Bins by colour, on a logarithmic scale; empty ones are clear. */
function Density({ spread, style }: { spread: Spread; style: Record<string, string> }) {
  const canvas = useRef<HTMLCanvasElement>(null),
    { bins } = spread;
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!,
      image = context.createImageData(bins, bins);
    logShares(spread).forEach((share, i) => {
      if (share > 0) image.data.set([...viridis(share), 255], 4 * i);
    });
    context.putImageData(image, 0, 0);
  }, [spread]);
  return <canvas ref={canvas} width={bins} height={bins} style={style} />;
}
