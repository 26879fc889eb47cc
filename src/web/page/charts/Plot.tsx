import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatCount, formatNumber } from "../../../base/format.ts";
import { type Chart, toChartData } from "../../../charts/charts.ts";
import { type DrawnChart, drawChart, type Look } from "../../../charts/draw.ts";
import { cssColor, paletteVersion } from "../theme.ts";

const look: Look = { height: 230, fontSize: 11, color: cssColor, number: formatNumber, count: formatCount };

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
    drawn.current = { chart: drawChart(uPlot, place.current!, data, look), structure };
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
