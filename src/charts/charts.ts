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

/** What is drawn (draw.ts): uPlot wants one x for all lines. */
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
