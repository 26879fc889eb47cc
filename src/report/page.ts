import { type ChartData, chartScript } from "../charts/charts.ts";
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
<script>${chartScript}</script>
</body>
</html>
`;
}
