/** 75.2 → "1:15", 3675 → "1:01:15". Rounded down, as a clock shows it. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const pad = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

/** Of a file: 1234567 → "1.23 MB", as disks count. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"],
    power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${formatNumber(bytes / 1000 ** power)} ${units[power]}`;
}

/** Up to `digits` significant digits without trailing zeros: 0.6931471 → "0.693", 8 → "8", 12345.6 → "12346". */
export function formatNumber(x: number, digits = 3): string {
  if (!Number.isFinite(x)) return String(x);
  if (x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e7)) return x.toExponential(digits - 1);
  if (Math.abs(x) >= 10 ** (digits - 1)) return String(Math.round(x));
  return String(Number(x.toPrecision(digits)));
}

/**
 * A resolution: "7.61 Å", or "4.45 Å or better: the run ended there" where the correlation had not fallen yet.
 *
 * @param ended what ended there
 */
export function formatResolution(angstrom: number, orBetter = false, ended = "the run ended"): string {
  return `${formatNumber(angstrom)} Å${orBetter ? ` or better: ${ended} there` : ""}`;
}

/** 12345 → "12,345". */
export function formatCount(n: number): string {
  return n.toLocaleString("en-US");
}

/** Rows of cells as text with aligned columns; the last column is not padded. */
export function formatTable(rows: readonly (readonly string[])[], indent = ""): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, c) => Math.max(0, ...rows.map((row) => row[c]?.length ?? 0)));
  return rows
    .map((row) => indent + row.map((cell, c) => (c === row.length - 1 ? cell : cell.padEnd(widths[c]! + 2))).join(""))
    .join("\n");
}

/** Counts of values in bins of equal width; bin i reaches from edges[i] to edges[i + 1]. */
export interface Histogram {
  edges: number[];
  counts: number[];
}

/** @param values any order, not empty, finite; all equal: one bin of width 0 */
export function histogram(values: ArrayLike<number>, bins = 10): Histogram {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  if (low === high) return { edges: [low, high], counts: [values.length] };
  const width = (high - low) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) counts[Math.min(bins - 1, Math.floor((values[i]! - low) / width))]!++;
  return { edges: Array.from({ length: bins + 1 }, (_, i) => low + i * width), counts };
}

/**
 * A histogram in text, one line per bin: range, bar, count. Bars are proportional to the counts, the tallest 40 wide.
 */
export function formatHistogram({ edges, counts }: Histogram, indent = ""): string {
  const tallest = Math.max(...counts);
  return formatTable(
    counts.map((n, i) => [
      `${formatNumber(edges[i]!)} to ${formatNumber(edges[i + 1]!)}`,
      "█".repeat(Math.round((40 * n) / tallest)).padEnd(40),
      formatCount(n),
    ]),
    indent,
  );
}
