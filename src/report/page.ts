import { formatCount, formatNumber } from "../base/format.ts";
import type { ChartData } from "../charts/charts.ts";
import { drawChart } from "../charts/draw.ts";
import { embedJson, escapeHtml } from "./html.ts";
import { style } from "./style.ts";

/** The whole page. `body` is HTML with an element for the id of each chart. */
export function renderPage(page: {
  title: string;
  body: string;
  charts: ChartData[];
  uplotScript: string;
  uplotStyle: string;
}): string {
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(page.title)}</title>
<style>${page.uplotStyle}${style}</style>
</head>
<body>
${page.body}
<script type="application/json" id="chart-data">${embedJson(page.charts)}</script>
<script>${page.uplotScript}</script>
<script type="module">${chartScript}</script>
</body>
</html>
`;
}

/**
 * Script of the page: draws the charts of #chart-data by `drawChart`, whose source it holds, in the colours of the page
 * (light or dark), each as wide as its place.
 */
const chartScript = `
// Where the program runs from its TypeScript, what compiles it keeps the names of functions by a call of this.
const __name = (named) => named;
const drawChart = ${drawChart};
const look = {
  height: 280,
  fontSize: 12,
  color: (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(),
  number: ${formatNumber},
  count: ${formatCount},
};
for (const data of JSON.parse(document.getElementById("chart-data").textContent)) {
  const place = document.getElementById(data.id),
    chart = drawChart(uPlot, place, data, look);
  new ResizeObserver(() => chart.fit()).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.recolour());
}
`;
