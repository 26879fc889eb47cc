/** How charts are drawn, on the live page and in a report, which carries the source of this file's one function. */
import type uPlot from "uplot";
import type { ChartData, ChartLine } from "./charts.ts";

/** What differs between the places where charts stand. */
export interface Look {
  /** Of the plot with its axes, and of their text, in pixels. */
  height: number;
  fontSize: number;
  /** A colour as it is now. */
  color(name: ChartLine["color"] | "muted" | "grid"): string;
  /** A value, and a whole number, as text. */
  number(value: number, digits?: number): string;
  count(value: number): string;
}

/** Of the page; Node has no name for it. */
type Place = Extract<NonNullable<ConstructorParameters<typeof uPlot>[2]>, { style: unknown }>;

export interface DrawnChart {
  /** Puts other values of the same lines into the plot. */
  update(data: ChartData): void;
  /** As wide as its place is now. */
  fit(): void;
  /** In the colours of now. */
  recolour(): void;
  remove(): void;
}

/**
 * Draws a chart, as wide as its place. A report holds `String(drawChart)`: it may use nothing but its arguments and
 * what a browser has.
 *
 * @param library uPlot
 */
export function drawChart(library: typeof uPlot, place: Place, data: ChartData, look: Look): DrawnChart {
  let shown = data;
  const { color, number, count } = look,
    resolution = data.xKind === "resolution",
    pass = data.xKind === "pass";
  const angstrom = (frequency: number): string =>
    frequency <= 0 ? "∞" : number(1 / frequency, 1 / frequency >= 10 ? 2 : 3);
  const short = (value: number | null): string => (value === null ? "–" : number(value));
  /** 1000 → "10³", for the decades of a logarithmic axis. */
  const power = (value: number): string => {
    const digits = [...String(Math.round(Math.log10(value)))];
    return `10${digits.map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)])).join("")}`;
  };
  const font = (pixels: number): string => `${pixels}px system-ui, sans-serif`;

  /** Vertical lines where stages begin, horizontal ones at thresholds. */
  const drawMarks = (plot: uPlot): void => {
    const { marks = [], levels = [] } = shown,
      { ctx, bbox } = plot,
      ratio = library.pxRatio,
      right = bbox.left + bbox.width,
      bottom = bbox.top + bbox.height;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.strokeStyle = ctx.fillStyle = color("muted");
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.font = font((look.fontSize - 1) * ratio);
    const line = (x0: number, y0: number, x1: number, y1: number): void => {
      ctx.beginPath();
      ctx.moveTo(x0, y0);
      ctx.lineTo(x1, y1);
      ctx.stroke();
    };
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    const lefts = marks.map(({ x }) => plot.valToPos(x, "x", true));
    marks.forEach(({ label }, i) => {
      line(lefts[i]!, bbox.top, lefts[i]!, bottom);
      if (ctx.measureText(label).width + 8 * ratio < (lefts[i + 1] ?? right) - lefts[i]!)
        ctx.fillText(label, lefts[i]! + 4 * ratio, bbox.top + 3 * ratio);
    });
    ctx.textBaseline = "bottom";
    ctx.textAlign = "right";
    for (const { y, label } of levels) {
      const top = plot.valToPos(y, "y", true);
      line(bbox.left, top, right, top);
      ctx.fillText(label, right - 4 * ratio, top - 2 * ratio);
    }
    ctx.restore();
  };

  /** Where no cursor is, the legend has the last value of each line. */
  const showEnds = (plot: uPlot): void => {
    const { x, ys } = shown;
    plot.setLegend({ idxs: [x.length - 1, ...ys.map((y) => y.findLastIndex((value) => value !== null))] });
  };

  const grid = { stroke: () => color("grid"), width: 1 },
    text = { stroke: () => color("text"), font: font(look.fontSize), labelFont: font(look.fontSize) },
    axis = { ...text, labelSize: look.fontSize + 6, grid, ticks: grid };
  const last = (): number => shown.x.at(-1) ?? 1;
  const plot = new library(
    {
      width: place.clientWidth,
      height: look.height,
      scales: {
        x: { time: false, range: () => [0, pass ? last() + 0.5 : last()] },
        y: data.yLog ? { distr: 3 } : data.yRange ? { range: data.yRange } : {},
      },
      axes: [
        {
          ...axis,
          label: data.xLabel,
          size: 30,
          space: 58,
          ...(pass ? { incrs: [1, 2, 5, 10, 20, 50] } : {}),
          values: (_, ticks) => ticks.map((tick) => (resolution ? angstrom(tick) : count(tick))),
        },
        {
          ...axis,
          size: 52,
          values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : data.yLog ? power(tick) : short(tick))),
        },
      ],
      series: [
        {
          label: resolution ? "Å" : data.xKind,
          value: (_, value) => (value === null ? "–" : resolution ? angstrom(value) : count(Math.round(value))),
        },
        ...data.lines.map(
          (line): uPlot.Series => ({
            label: line.label,
            stroke: () => color(line.color),
            width: 1.75,
            spanGaps: true,
            points: { show: pass, size: 5 },
            value: (_, value) => short(value),
            ...(line.dash ? { dash: line.dash } : {}),
          }),
        ),
      ],
      cursor: { drag: { x: true, y: false } },
      hooks: {
        draw: [drawMarks],
        setCursor: [(drawn) => drawn.cursor.idx == null && showEnds(drawn)],
        ready: [showEnds],
      },
    },
    [data.x, ...data.ys],
    place,
  );
  return {
    update(values) {
      shown = values;
      plot.setData([values.x, ...values.ys]);
      showEnds(plot);
    },
    fit: () => plot.setSize({ width: place.clientWidth, height: look.height }),
    recolour: () => plot.redraw(false, true),
    remove: () => plot.destroy(),
  };
}
