/** A line of a chart; points with a y that is not finite (or not above 0 on a log axis) are gaps. */
export interface ChartLine {
  label: string;
  x: readonly number[];
  y: readonly number[];
  /** Name of a CSS variable of the page: --blue, --orange, ... */
  color: "blue" | "orange" | "green" | "purple" | "text";
  /** Lengths of dash and gap in pixels; absent: solid. */
  dash?: [number, number];
}

export interface Chart {
  id: string;
  title: string;
  xLabel: string;
  /**
   * "resolution": x is a spatial frequency in 1/Å, labelled with the resolution in Å. "pass": few whole numbers from 0,
   * drawn as points too.
   */
  xKind: "iteration" | "pass" | "resolution";
  yLog?: boolean;
  yRange?: [number, number];
  lines: ChartLine[];
  /** Vertical marks, such as the beginnings of stages. */
  marks?: { x: number; label: string }[];
  /** Horizontal levels, such as the thresholds of an FSC. */
  levels?: { y: number; label: string }[];
}

/** What the script of the page reads: uPlot wants one x for all lines. */
export interface ChartData extends Omit<Chart, "lines"> {
  lines: Omit<ChartLine, "x" | "y">[];
  x: number[];
  ys: (number | null)[][];
}

/** Lay the lines of a chart on the union of their x values. */
export function toChartData({ lines, ...chart }: Chart): ChartData {
  const x = [...new Set(lines.flatMap((line) => line.x))].filter(Number.isFinite).sort((a, b) => a - b);
  return {
    ...chart,
    lines: lines.map(({ label, color, dash }) => ({ label, color, dash })),
    x,
    ys: lines.map((line) => {
      const at = new Map(line.x.map((position, i) => [position, line.y[i]!]));
      return x.map((position) => {
        const y = at.get(position);
        return y !== undefined && Number.isFinite(y) && (!chart.yLog || y > 0) ? y : null;
      });
    }),
  };
}

/**
 * Script of the page, as text since it runs in the reader's browser. It draws the charts named in #chart-data with
 * uPlot, in the colours of the page (light or dark), as wide as the page.
 */
export const chartScript = `
(() => {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const angstrom = (f) => f <= 0 ? "∞" : (1 / f >= 10 ? (1 / f).toFixed(0) : (1 / f).toFixed(1));
  const exponential = (v) => v.toExponential(1).replace(".0e", "e").replace("e+", "e");
  const plain = (v) => v === 0 || (Math.abs(v) >= 1e-3 && Math.abs(v) < 1e4);
  const short = (v) => v == null ? "–" : plain(v) ? String(+v.toPrecision(3)) : exponential(v);
  const font = (px) => px + "px system-ui, sans-serif";

  const overlay = (chart) => (u) => {
    const { ctx, bbox } = u, ratio = uPlot.pxRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.strokeStyle = ctx.fillStyle = css("muted");
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.font = font(11 * ratio);
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    const line = (x0, y0, x1, y1) => { ctx.beginPath(); ctx.moveTo(x0, y0); ctx.lineTo(x1, y1); ctx.stroke(); };
    const marks = (chart.marks || []).map((m) => ({ left: u.valToPos(m.x, "x", true), label: m.label }));
    marks.forEach((m, i) => {
      line(m.left, bbox.top, m.left, bbox.top + bbox.height);
      const room = (i + 1 < marks.length ? marks[i + 1].left : bbox.left + bbox.width) - m.left;
      const fits = ctx.measureText(m.label).width + 8 * ratio < room;
      if (fits) ctx.fillText(m.label, m.left + 4 * ratio, bbox.top + 3 * ratio);
    });
    ctx.textBaseline = "bottom";
    ctx.textAlign = "right";
    for (const level of chart.levels || []) {
      const y = u.valToPos(level.y, "y", true);
      line(bbox.left, y, bbox.left + bbox.width, y);
      ctx.fillText(level.label, bbox.left + bbox.width - 4 * ratio, y - 2 * ratio);
    }
    ctx.restore();
  };

  // Where no cursor is, the legend has the last value of each line.
  const ends = (chart) => [chart.x.length - 1, ...chart.ys.map((y) => y.findLastIndex((v) => v != null))];

  const draw = (chart) => {
    const target = document.getElementById(chart.id);
    const lines = { stroke: () => css("grid"), width: 1 };
    const text = { stroke: () => css("text"), font: font(12), labelFont: font(12), labelSize: 20 };
    const axis = { ...text, grid: lines, ticks: lines };
    const resolution = chart.xKind === "resolution", pass = chart.xKind === "pass";
    const count = (v) => v.toLocaleString("en-US");
    const last = chart.x[chart.x.length - 1];
    const plot = new uPlot({
      width: target.clientWidth,
      height: 280,
      scales: {
        x: { time: false, range: [0, pass ? last + 0.5 : last] },
        y: chart.yLog ? { distr: 3 } : chart.yRange ? { range: chart.yRange } : {},
      },
      axes: [
        {
          ...axis,
          label: chart.xLabel,
          size: 32,
          space: 60,
          ...(pass ? { incrs: [1, 2, 5, 10, 20, 50] } : {}),
          values: (u, ticks) => ticks.map(resolution ? angstrom : count),
        },
        { ...axis, size: 56, values: (u, ticks) => ticks.map((v) => v == null ? "" : short(v)) },
      ],
      series: [
        {
          label: resolution ? "Å" : chart.xKind,
          value: (u, v) => v == null ? "–" : resolution ? angstrom(v) : count(Math.round(v)),
        },
        ...chart.lines.map((l) => ({
          label: l.label,
          stroke: () => css(l.color),
          width: 1.75,
          dash: l.dash,
          spanGaps: true,
          points: { show: pass, size: 6 },
          value: (u, v) => short(v),
        })),
      ],
      hooks: {
        draw: [overlay(chart)],
        setCursor: [(u) => { if (u.cursor.idx == null) u.setLegend({ idxs: ends(chart) }); }],
      },
    }, [chart.x, ...chart.ys], target);
    plot.setLegend({ idxs: ends(chart) });
    new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height: 280 })).observe(target);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw(false, true));
  };

  JSON.parse(document.getElementById("chart-data").textContent).forEach(draw);
})();
`;
