import { formatCount, formatHistogram, formatNumber, formatTable } from "../../base/format.ts";
import { oneLine } from "../../base/printable.ts";
import { type Contrast, contrastText } from "../../reconstruct/measure/contrast.ts";
import type { ParticleSummary } from "../../reconstruct/measure/particleSummary.ts";
import { statisticsRows } from "./text.ts";

/** Of long lists. */
const linesShown = 30;

function contrastRow(contrast: Contrast): string {
  const measured = `(${contrastText(contrast)})`;
  if (contrast.density === "unclear") return `not clear, so that reconstruct takes the images as they are ${measured}`;
  const consequence = contrast.density === "dark" ? ", so that reconstruct inverts the images" : "";
  return `density seems ${contrast.density}${consequence} ${measured}`;
}

const diameterRow = ({ diameterAngstrom }: ParticleSummary): string =>
  diameterAngstrom === undefined
    ? "not told apart from the box, so that reconstruct takes 90 % of it for its mask (--mask-diameter)"
    : `${formatNumber(diameterAngstrom)} Å with a margin, which reconstruct takes for its mask (--mask-diameter)`;

const shiftRow = ({ shiftSigmaAngstrom }: ParticleSummary): string =>
  shiftSigmaAngstrom === undefined
    ? "not told, so that reconstruct takes up to 5 % of the box for their shifts (--max-shift)"
    : `particles lie about ${formatNumber(shiftSigmaAngstrom, 2)} Å, or less, ` +
      "from the centres of their boxes (1 sigma), " +
      "which reconstruct takes for their shifts (--max-shift)";

export function particleText(summary: ParticleSummary): string {
  const { defocusAngstrom: defocus } = summary;
  const problems = summary.stackProblems.length;
  const found = problems === 0 ? "all found" : `${formatCount(problems)} with problems`;
  const micrometre = (angstrom: number) => `${formatNumber(angstrom / 1e4)} µm`;
  const rows: string[][] = [
    ["Particles", formatCount(summary.particles)],
    ["Box", `${summary.boxSize} px (${formatNumber(summary.boxSize * summary.pixelSizeAngstrom, 4)} Å)`],
    [
      "Pixel size",
      `${formatNumber(summary.pixelSizeAngstrom, 4)} Å (Nyquist ${formatNumber(2 * summary.pixelSizeAngstrom, 4)} Å)`,
    ],
    ["Poses", summary.hasPoses ? "yes (not used)" : "no"],
    ...(summary.randomSubsets ? [["Random subsets", summary.randomSubsets.map(formatCount).join(" and ")]] : []),
    ...(summary.classes
      ? [
          [
            "Classes",
            summary.classes
              .slice(0, linesShown)
              .map(({ number, particles }) => `${number} (${formatCount(particles)})`)
              .join(", "),
          ],
        ]
      : []),
    ["Stacks", `${formatCount(summary.stacks)}, ${found}`],
    ["Defocus", `${micrometre(defocus.minimum)} to ${micrometre(defocus.maximum)}, mean ${micrometre(defocus.mean)}`],
    ["Astigmatism", `${formatNumber(summary.astigmatismAngstrom)} Å on average`],
    ...(summary.pixels ? statisticsRows(summary.pixels, `Pixels of ${summary.pixels.images} images`) : []),
    ...(summary.contrast ? [["Contrast", contrastRow(summary.contrast)]] : []),
    ...(summary.pixels
      ? [
          ["Diameter", diameterRow(summary)],
          ["Off centre", shiftRow(summary)],
        ]
      : []),
    ...summary.warnings.map((warning) => ["Warning", oneLine(warning)]),
  ];
  const groups = [
    ["Optics group", "name", "particles", "kV", "Cs mm", "amplitude contrast"],
    ...summary.opticsGroups
      .slice(0, linesShown)
      .map((group) => [
        String(group.number),
        group.name,
        formatCount(group.particles),
        formatNumber(group.voltageKv),
        formatNumber(group.sphericalAberrationMm),
        formatNumber(group.amplitudeContrast),
      ]),
  ];
  const moreGroups = summary.opticsGroups.length - linesShown;
  const inMicrometres = { ...defocus.histogram, edges: defocus.histogram.edges.map((edge) => edge / 1e4) };
  const shown = summary.stackProblems
    .slice(0, 10)
    .map((problem) => `  ${oneLine(problem.problem)} (${formatCount(problem.particles)} particles)`);
  const more = summary.stackProblems.length - shown.length;
  return [
    summary.file,
    formatTable(rows, "  "),
    "",
    formatTable(groups, "  "),
    ...(moreGroups > 0 ? [`  and ${formatCount(moreGroups)} more`] : []),
    "",
    "  Defocus (µm)",
    formatHistogram(inMicrometres, "  "),
    ...(shown.length > 0 ? ["", "Problems with stacks", ...shown] : []),
    ...(more > 0 ? [`  and ${formatCount(more)} more`] : []),
  ].join("\n");
}
