import type { Command } from "commander";

export function addResampleCommand(program: Command): void {
  program
    .command("resample")
    .summary("change the pixel size or the box of a map")
    .description(
      "Write a map on another grid about the same centre voxel. " +
        "A new pixel size is reached in Fourier space, exactly, and without --box the box is the even one " +
        "nearest to the old width; a new box alone keeps the voxels and cuts " +
        "off or surrounds by zeros, as relion_image_handler --new_box does.",
    )
    .argument("<map>", "map (.mrc)")
    .option("--pixel-size <Å>", "new pixel size")
    .option("--box <pixels>", "new box")
    .requiredOption("--out <file>", "map to write")
    .option("--map-pixel-size <Å>", "pixel size of the map, where its header is wrong or silent")
    .option("--json", "print what was written as JSON")
    .addHelpText(
      "after",
      `
The origin in the header moves with the centre, so that the map stays where it is in a viewer.

Examples:
  $ cryogan resample run/map.mrc --pixel-size 1.5 --out fine.mrc
  $ cryogan resample emd_11638.map --box 128 --out small.mrc
  $ cryogan resample emd_11638.map --pixel-size 3.8 --box 64 --out reference.mrc
`,
    )
    .action(async (map: string, values: Record<string, unknown>) => {
      const { parseResampleOptions } = await import("../options/resample.ts");
      const options = parseResampleOptions({ ...values, map });
      const { resampleMap } = await import("../actions/resample.ts");
      await resampleMap(options);
    });
}
