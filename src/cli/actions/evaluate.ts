import { formatNumber, formatResolution, formatTable } from "../../base/format.ts";
import { type EvaluationReport, evaluateAgainstReference, evaluateHalfMaps } from "../../evaluate/evaluate.ts";
import { disk } from "../../io/disk.ts";
import { writeComparison } from "../comparisonFiles.ts";
import { mapOptions } from "../mapOptions.ts";
import type { EvaluateCommandOptions } from "../options/evaluate.ts";
import { print, printJson } from "../print.ts";

/** Compare maps, print the result, and with `out` write fsc.json, fsc.xml, evaluation.json and aligned.mrc. */
export async function evaluate({ maps, mapPixelSize, mask, align, out, json }: EvaluateCommandOptions): Promise<void> {
  if (out !== undefined) await disk.makeFolder(out);
  const options = { mask, align, mapOptions: mapOptions(mapPixelSize) };
  const { report, map } =
    maps.kind === "reference"
      ? await evaluateAgainstReference(disk.at(maps.map), disk.at(maps.reference), options)
      : await evaluateHalfMaps(disk.at(maps.halfMap1), disk.at(maps.halfMap2), options);
  if (json) printJson(report);
  else print(evaluationText(report));
  if (out === undefined) return;
  const title = `FSC of ${maps.kind === "halfMaps" ? "half-maps" : "map and reference"}`;
  await writeComparison(out, report, title, align ? map : undefined);
}

function evaluationText({ kind, map, reference, alignment, fsc, correlation }: EvaluationReport): string {
  const curve = { fsc: "unmasked", fscMasked: "masked", fscCorrected: "masked and corrected" }[fsc.resolutionCurve];
  const ended = kind === "halfMaps" ? "the half-maps end" : "the map ends";
  const resolution = (angstrom: number | null, orBetter: boolean) =>
    angstrom === null ? "not reached" : formatResolution(angstrom, orBetter, ended);
  const angles =
    alignment &&
    Object.values(alignment.eulerDegrees)
      .map((x) => `${x.toFixed(1)}°`)
      .join(", ");
  const rows = [
    [kind === "halfMaps" ? "Half-maps" : "Map", `${reference ?? "(reference)"} and ${map ?? "(map)"}`],
    ["Grid", `box ${fsc.boxSize} px, ${formatNumber(fsc.pixelSizeAngstrom, 4)} Å per pixel`],
    ["Resolution at 0.5", resolution(fsc.resolution05Angstrom, fsc.resolution05OrBetter)],
    ["Resolution at 0.143", resolution(fsc.resolution0143Angstrom, fsc.resolution0143OrBetter)],
    ["FSC curve", curve],
    ["Correlation", formatNumber(correlation)],
    ...(alignment
      ? [
          ["Rotation", `rot, tilt, psi ${angles}`],
          ["Shift", `${alignment.shiftAngstrom.map((x) => formatNumber(x)).join(", ")} Å`],
          [
            "Hand",
            `${alignment.mirrored ? "mirrored" : "as given"} (score ${formatNumber(alignment.correlation)}, ` +
              `other hand ${formatNumber(alignment.correlationOtherHand)})`,
          ],
        ]
      : [["Alignment", "none"]]),
  ];
  return formatTable(rows);
}
