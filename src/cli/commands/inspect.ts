import type { Command } from "commander";

export function addInspectCommand(program: Command): void {
  program
    .command("inspect")
    .summary("tell what a particle file, stack or map holds")
    .description(
      "Tell what a particle file, an image stack or a map holds: " +
        "counts, box, pixel size, defocus, missing stacks, statistics.",
    )
    .argument("<file>", "particles (.star, .cs), stack (.mrcs) or map (.mrc)")
    .option("--project-root <folder>", "folder that the stack names in the particle file start from")
    .option("--passthrough <file>", "passthrough .cs file with the columns that the particle file lacks")
    .option("--optics-groups <list>", "only particles of these optics groups, by number or name: 1,3")
    .option("--class <list>", "only particles of these classes (rlnClassNumber): 1,3")
    .option("--pixel-size <Å>", "pixel size of the images in Å, where the file names none, several or a wrong one")
    .option("--png <file>", "write the first images, or the central slices of a map, as one picture")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ cryogan inspect particles.star
  $ cryogan inspect J42/extracted_particles.cs --project-root /data/P7 --json
  $ cryogan inspect run/map.mrc --png map.png
`,
    )
    .action(async (file: string, values: Record<string, unknown>) => {
      const { parseInspectOptions } = await import("../options/inspect.ts");
      const options = parseInspectOptions({ ...values, file });
      const { inspect } = await import("../actions/inspect.ts");
      await inspect(options);
    });
}
