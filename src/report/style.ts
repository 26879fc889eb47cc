/** Style of the report. Colours of lines: Okabe & Ito, Color Universal Design (2008), lightened on dark ground. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f5f6f7; --text: #1c2024; --muted: #5c6670; --grid: #e3e6e9; --edge: #d4d9dd;
  --blue: #0072b2; --orange: #d55e00; --green: #009e73; --purple: #cc79a7; --amber: #e69f00; --red: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --panel: #1d2125; --text: #e8eaed; --muted: #9aa4ad; --grid: #2b3137; --edge: #363d44;
    --blue: #56b4e9; --orange: #e69f00; --green: #2fbf94; --purple: #e094bf; --amber: #f0c050; --red: #f2766d;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 1080px; padding: 24px 20px 64px; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 44px 0 6px; padding-top: 14px; border-top: 1px solid var(--edge); }
h3 { font-size: 14px; margin: 18px 0 6px; }
p { margin: 6px 0; max-width: 75ch; }
.muted, figcaption, .note { color: var(--muted); }
.numbers { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 10px; margin: 20px 0 0; }
.numbers div { background: var(--panel); border-radius: 6px; padding: 8px 12px; }
.numbers dt { font-size: 12px; color: var(--muted); }
.numbers dd { margin: 0; font-size: 18px; font-weight: 600; overflow-wrap: anywhere; }
.warning {
  border-left: 4px solid var(--orange); background: var(--panel); padding: 8px 12px; margin: 12px 0;
  overflow-wrap: anywhere;
}
.verdict {
  border-left: 6px solid var(--edge); background: var(--panel); padding: 8px 12px; margin: 12px 0;
  overflow-wrap: anywhere;
}
.verdict.found { border-color: var(--green); }
.verdict.uncertain { border-color: var(--amber); }
.verdict.notFound { border-color: var(--red); }
.images { display: grid; gap: 12px; grid-template-columns: repeat(3, minmax(0, 1fr)); }
.images.small { grid-template-columns: repeat(6, minmax(0, 1fr)); }
.strip { display: grid; gap: 6px; grid-template-columns: repeat(6, minmax(0, 1fr)); }
.strip.series { grid-template-columns: repeat(auto-fit, minmax(96px, 1fr)); }
figure { margin: 0; }
figcaption { font-size: 12px; }
.frame { position: relative; background: #000; line-height: 0; }
.frame img { width: 100%; height: auto; image-rendering: pixelated; }
.scale {
  position: absolute; left: 6%; bottom: 6%; border-bottom: 3px solid #fff; text-align: center; font-size: 12px;
  line-height: 1.3; color: #fff; text-shadow: 0 0 3px #000, 0 0 3px #000; filter: drop-shadow(0 0 1px #000);
  white-space: nowrap;
}
.views { display: flex; gap: 20px; align-items: flex-start; flex-wrap: wrap; }
.views > div { flex: 1 1 260px; }
.legend { display: flex; gap: 8px; align-items: center; font-size: 12px; color: var(--muted); max-width: 300px; }
.legend i { flex: 1; height: 10px; }
.command { white-space: pre-wrap; overflow-wrap: anywhere; }
.histogram { display: block; width: 100%; max-width: 720px; fill: var(--blue); }
.histogram path { fill: none; stroke: var(--muted); }
.histogram text { fill: var(--text); font-size: 12px; }
.charts { display: grid; gap: 20px; grid-template-columns: repeat(2, minmax(0, 1fr)); }
.chart { min-width: 0; }
.plot { width: 100%; min-height: 280px; }
.uplot, .uplot .u-legend { font-family: inherit; color: var(--text); }
.uplot .u-legend { font-size: 12px; text-align: left; }
.uplot .u-legend .u-marker { border-radius: 0; }
pre { background: var(--panel); border-radius: 6px; padding: 10px 12px; overflow-x: auto; font-size: 13px; }
.scroll { overflow-x: auto; }
table.options { border-collapse: collapse; font-size: 13px; width: 100%; }
table.options th, table.options td {
  text-align: left; vertical-align: top; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--grid);
  font-weight: normal; overflow-wrap: anywhere;
}
table.options th { color: var(--muted); width: 34%; }
@page { size: A4; margin: 14mm; }
@media print {
  :root {
    color-scheme: light;
    --ground: #ffffff; --panel: #f5f6f7; --text: #1c2024; --muted: #5c6670; --grid: #e3e6e9; --edge: #d4d9dd;
    --blue: #0072b2; --orange: #d55e00; --green: #009e73; --purple: #cc79a7; --amber: #e69f00; --red: #b3261e;
  }
  * { print-color-adjust: exact; }
  body { padding: 0; font-size: 10.5pt; }
  h2 { margin-top: 22px; }
  h2, h3 { break-after: avoid; }
  figure, .chart, .numbers div, .verdict, .warning, .strip, .views, tr { break-inside: avoid; }
  pre, .scroll { overflow: visible; white-space: pre-wrap; }
}
@media (max-width: 640px) {
  body { padding: 16px 14px 48px; }
  .charts { grid-template-columns: minmax(0, 1fr); }
  .numbers { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .images, .images.small { gap: 6px; grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .strip, .strip.series { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .scale { font-size: 10px; border-bottom-width: 2px; }
}
`;
