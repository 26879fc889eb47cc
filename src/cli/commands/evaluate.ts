import { type Command, Option } from "commander";
import { evaluateDefaults, masks } from "../options/choices.ts";

export function addEvaluateCommand(program: Command): void {
  program
    .command("evaluate")
    .summary("compare a map with a reference, or two half-maps")
    .description(
      "Compare a map with a reference after aligning them, " +
        "or two half-maps with each other: Fourier shell correlation and resolution.",
    )
    .argument("[map]", "map to evaluate (.mrc)")
    .option("--reference <map>", "map to compare with (.mrc)")
    .option("--half-maps <maps...>", "two half-maps to compare instead (.mrc .mrc)")
    .option("--map-pixel-size <Å>", "pixel size of MAP, or of the half-maps, where the header is wrong or silent")
    .addOption(
      new Option("--mask <kind>", "soft mask applied to both maps").choices(masks).default(evaluateDefaults.mask),
    )
    .option("--no-align", "compare as the maps lie, without searching rotation, shift and hand")
    .option("--out <folder>", "write fsc.json, and with --reference the aligned map, to this folder")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ cryogan evaluate run/map.mrc --reference emd_11638.map --out run/evaluation
  $ cryogan evaluate --half-maps run/half1_unmasked.mrc run/half2_unmasked.mrc --json
`,
    )
    .action(async (map: string | undefined, values: Record<string, unknown>) => {
      const { parseEvaluateOptions } = await import("../options/evaluate.ts");
      const options = parseEvaluateOptions({ ...values, map });
      const { evaluate } = await import("../actions/evaluate.ts");
      await evaluate(options);
    });
}
