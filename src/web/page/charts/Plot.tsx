import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatCount, formatNumber } from "../../../base/format.ts";
import { type Chart, toChartData } from "../../../charts/charts.ts";
import { type DrawnChart, drawChart, type Look } from "../../../charts/draw.ts";
import { cssColor, type PaletteColor, paletteVersion } from "../theme.ts";

/** With the colours of now, each looked up once: a chart is made anew where they change. */
function lookNow(): Look {
  const known = new Map<PaletteColor, string>();
  const color: Look["color"] = (name) => {
    if (!known.has(name)) known.set(name, cssColor(name));
    return known.get(name)!;
  };
  return { height: 230, fontSize: 11, color, number: formatNumber, count: formatCount };
}

/** A chart drawn with uPlot, as wide as its place. New values of the same lines are put into the plot that is there. */
export function Plot({ chart, note }: { chart: Chart; note?: string }) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<{ chart: DrawnChart; structure: string }>(undefined);
  const version = paletteVersion.value;
  useEffect(() => {
    const data = toChartData(chart);
    const structure = JSON.stringify([chart.id, chart.xKind, chart.yLog, chart.yRange, data.lines, version]);
    if (drawn.current?.structure === structure) {
      drawn.current.chart.update(data);
      return;
    }
    drawn.current?.chart.remove();
    drawn.current = { chart: drawChart(uPlot, place.current!, data, lookNow()), structure };
  }, [chart, version]);
  useEffect(() => {
    const element = place.current!; // the observer may still be told of it after it has gone
    const observer = new ResizeObserver(() => element.isConnected && drawn.current?.chart.fit());
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.current?.chart.remove();
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
