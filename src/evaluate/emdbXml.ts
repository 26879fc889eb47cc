import type { FscResult } from "./fsc.ts";

/**
 * One FSC curve as the XML file that EMDB and OneDep accept with a deposition: root element `fsc` with title and axis
 * names, one `coordinate` (x: 1/Å, y: correlation) per shell. Takes the curve the resolution was read from unless
 * another is named. Throws RangeError when the result has no such curve.
 */
export function emdbFscXml(
  result: FscResult,
  title: string,
  curve: keyof FscResult & `fsc${string}` = result.resolutionCurve,
): string {
  const values = result[curve];
  if (!values) throw new RangeError(`this FSC result has no curve "${curve}"`);
  const coordinates = values.map(
    (y, i) =>
      `  <coordinate>\n    <x>${result.frequency[i]!.toFixed(6)}</x>\n    <y>${y.toFixed(6)}</y>\n  </coordinate>\n`,
  );
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<fsc title="${escapeAttribute(title)}" xaxis="Resolution (A-1)" yaxis="Correlation Coefficient">\n` +
    `${coordinates.join("")}</fsc>\n`
  );
}

/** The result as the text of fsc.json, numbers to six significant digits. */
export function fscJson(result: FscResult): string {
  const rounded = (_key: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(6)) : value);
  return `${JSON.stringify(result, rounded, 1)}\n`;
}

function escapeAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
