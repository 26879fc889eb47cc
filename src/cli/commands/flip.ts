import type { Command } from "commander";

export function addFlipCommand(program: Command): void {
  program
    .command("flip")
    .summary("turn a map into the other hand")
    .description(
      "Write the mirror image of a map: x becomes -x about the centre voxel, " +
        "as relion_image_handler --invert_hand does. Projections do not tell " +
        "the hand; compare with an atomic model, or the handedness of alpha helices.",
    )
    .argument("<map>", "map (.mrc)")
    .requiredOption("--out <file>", "map to write")
    .option("--map-pixel-size <Å>", "pixel size of the map, where its header is wrong or silent")
    .option("--json", "print what was written as JSON")
    .addHelpText(
      "after",
      `
ChimeraX's "volume flip" mirrors z instead: the same molecule, turned by 180° about y.

Example:
  $ cryogan flip run/map.mrc --out run/map_other_hand.mrc
`,
    )
    .action(async (map: string, values: Record<string, unknown>) => {
      const { parseFlipOptions } = await import("../options/flip.ts");
      const options = parseFlipOptions({ ...values, map });
      const { flip } = await import("../actions/flip.ts");
      await flip(options);
    });
}
