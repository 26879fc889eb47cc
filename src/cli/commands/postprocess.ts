import type { Command } from "commander";

export function addPostprocessCommand(program: Command): void {
  program
    .command("postprocess")
    .summary("sharpen and filter a map by its half-maps")
    .description(
      "Sharpen a map as relion_postprocess does: " +
        "masked FSC of the half-maps with phase randomisation, FSC weighting, B-factor from the " +
        "Guinier plot, low-pass filter at the resolution. " +
        "Writes the map, the masked map, and a JSON file with the FSC and the Guinier plot.",
    )
    .argument(
      "[map]",
      "map to sharpen (.mrc), or a run folder of reconstruct --half-maps (default: the mean of the half-maps)",
    )
    .option("--half1 <map>", "half-map (.mrc), in the orientation and on the grid of the map")
    .option("--half2 <map>", "the other half-map")
    .requiredOption("--out <file>", "map to write; NAME_masked.mrc and NAME.json go beside it")
    .option("--b-factor <Å²>", "auto, or a B-factor to apply; negative values sharpen", "auto")
    .option("--low-pass <Å>", "auto (where the FSC falls below 0.143), or a resolution", "auto")
    .option("--mask <file>", "auto, none, or a mask: a map from 0 to 1", "auto")
    .option("--map-pixel-size <Å>", "pixel size of the maps, where their headers are wrong or silent")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
The B-factor is fitted from 10 Å to the resolution. Where there are too few shells between, as in
most ab-initio maps, none is applied, and the command says so. The detector's MTF is not corrected
for.

Examples:
  $ cryogan postprocess run --out run/sharpened.mrc
  $ cryogan postprocess --half1 run_half1_class001_unfil.mrc --half2 run_half2_class001_unfil.mrc \\
      --mask mask.mrc --out post.mrc
  $ cryogan postprocess map.mrc --b-factor -80 --low-pass 6 --out sharp.mrc
`,
    )
    .action(async (map: string | undefined, values: Record<string, unknown>) => {
      const { parsePostprocessOptions } = await import("../options/postprocess.ts");
      const options = parsePostprocessOptions({ ...values, map });
      const { postprocessMap } = await import("../actions/postprocess.ts");
      await postprocessMap(options);
    });
}
