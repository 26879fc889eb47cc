import type { Command } from "commander";
import { projectDefaults } from "../options/choices.ts";
import { addOpticsOptions, addViewOptions } from "./optics.ts";

export function addProjectCommand(program: Command): void {
  const command = program
    .command("project")
    .summary("project a map into a stack of noise-free images")
    .description(
      "Project a map along random views, or the views of a STAR file, " +
        "into a stack of noise-free images and a STAR file with their angles.",
    )
    .argument("<map>", "map to project (.mrc)")
    .requiredOption("--out <stack>", "stack to write (.mrcs); the angles go to a .star file beside it")
    .option("--count <number>", "number of random views")
    .option("--star <file>", "take the angles and origins of this STAR file instead of random ones")
    .option("--map-pixel-size <Å>", "pixel size of the map, where its header is wrong or silent")
    .option("--ctf", "multiply with the contrast transfer function: of the options below, or with --star of that file");
  addViewOptions(addOpticsOptions(command))
    .option("--float16", "write 16-bit floats (MRC mode 12), half the size")
    .option("--seed <number>", "seed of all random draws", projectDefaults.seed)
    .option("--json", "print progress and result as JSON lines")
    .addHelpText(
      "after",
      `
Examples:
  $ cryogan project run/map.mrc --count 100 --out views.mrcs
  $ cryogan project run/map.mrc --star refined.star --ctf --out compare.mrcs
`,
    )
    .action(async (map: string, values: Record<string, unknown>) => {
      const { parseProjectOptions } = await import("../options/project.ts");
      const options = parseProjectOptions({ ...values, map });
      const { project } = await import("../actions/project.ts");
      await project(options);
    });
}
