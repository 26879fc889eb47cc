import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatCount, formatNumber } from "../../../base/format.ts";
import { type Chart, type ChartData, toChartData } from "../../../charts/charts.ts";
import { cssColor, paletteVersion } from "../theme.ts";

const height = 230;

/** A chart drawn with uPlot, as wide as its place. New values of the same lines are put into the plot that is there. */
export function Plot({ chart, note }: { chart: Chart; note?: string }) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<{ plot: uPlot; structure: string; data: ChartData }>(undefined);
  const version = paletteVersion.value;
  useEffect(() => {
    const data = toChartData(chart);
    const structure = JSON.stringify([chart.id, chart.xKind, chart.yLog, chart.yRange, data.lines, version]);
    if (drawn.current?.structure === structure) {
      Object.assign(drawn.current.data, data);
      drawn.current.plot.setData([data.x, ...data.ys]);
      showEnds(drawn.current.plot, data);
      return;
    }
    drawn.current?.plot.destroy();
    drawn.current = { plot: draw(data, place.current!), structure, data };
  }, [chart, version]);
  useEffect(() => {
    const element = place.current!; // the observer may still be told of it after it has gone
    const observer = new ResizeObserver(
      () => element.isConnected && drawn.current?.plot.setSize({ width: element.clientWidth, height }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.current?.plot.destroy();
    };
  }, []);
  return (
    <figure class="chart">
      <figcaption>{chart.title}</figcaption>
      <div class="plot" ref={place} role="img" aria-label={`${chart.title}. ${describe(chart)}`} />
      {note && <p class="note">{note}</p>}
    </figure>
  );
}

/** "critic ends at 1.2; volume ends at 0.7": what a screen reader can tell of a chart. */
const describe = ({ lines }: Chart) =>
  lines.map(({ label, y }) => `${label} ends at ${y.length > 0 ? formatNumber(y.at(-1)!) : "no value"}`).join("; ");

const angstrom = (frequency: number) =>
  frequency <= 0 ? "∞" : formatNumber(1 / frequency, 1 / frequency >= 10 ? 2 : 3);
/** 1000 → "10³", for the decades of a logarithmic axis. */
const power = (value: number) => {
  const digits = [...String(Math.round(Math.log10(value)))];
  return `10${digits.map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]!)).join("")}`;
};
const short = (value: number | null) => (value === null ? "–" : formatNumber(value));

function draw(data: ChartData, place: HTMLElement): uPlot {
  const [resolution, pass] = [data.xKind === "resolution", data.xKind === "pass"];
  const [text, grid] = [cssColor("text"), cssColor("grid")];
  const axis: uPlot.Axis = {
    stroke: text,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1 },
    font: "11px system-ui, sans-serif",
    labelFont: "11px system-ui, sans-serif",
    labelSize: 16,
  };
  const plotted = () => data.x.at(-1) ?? 1;
  return new uPlot(
    {
      width: place.clientWidth,
      height,
      scales: {
        x: { time: false, range: () => [0, pass ? plotted() + 0.5 : plotted()] },
        y: data.yLog ? { distr: 3 } : data.yRange ? { range: data.yRange } : {},
      },
      axes: [
        {
          ...axis,
          label: data.xLabel,
          size: 28,
          space: 56,
          ...(pass ? { incrs: [1, 2, 5, 10, 20, 50] } : {}),
          values: (_, ticks) => ticks.map((tick) => (resolution ? angstrom(tick) : formatCount(tick))),
        },
        {
          ...axis,
          size: 48,
          values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : data.yLog ? power(tick) : short(tick))),
        },
      ],
      series: [
        {
          label: resolution ? "Å" : data.xKind,
          value: (_, value) => (value === null ? "–" : resolution ? angstrom(value) : formatCount(Math.round(value))),
        },
        ...data.lines.map(
          (line): uPlot.Series => ({
            label: line.label,
            stroke: cssColor(line.color),
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
        draw: [(plot) => drawMarks(plot, data)],
        setCursor: [(plot) => plot.cursor.idx == null && showEnds(plot, data)],
        ready: [(plot) => showEnds(plot, data)],
      },
    },
    [data.x, ...data.ys],
    place,
  );
}

/** Where no cursor is, the legend has the last value of each line. */
function showEnds(plot: uPlot, { x, ys }: ChartData): void {
  plot.setLegend({ idxs: [x.length - 1, ...ys.map((y) => y.findLastIndex((value) => value !== null))] });
}

/** Vertical lines where stages begin, horizontal ones at thresholds. */
function drawMarks(plot: uPlot, { marks = [], levels = [] }: ChartData): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const [right, bottom] = [bbox.left + bbox.width, bbox.top + bbox.height];
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = ctx.fillStyle = cssColor("muted");
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  ctx.font = `${10 * ratio}px system-ui, sans-serif`;
  const line = (x0: number, y0: number, x1: number, y1: number) => {
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
}
