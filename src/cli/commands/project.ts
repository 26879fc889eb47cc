import type { Command } from "commander";
import { projectDefaults } from "../options/choices.ts";
import { addOpticsOptions, addViewOptions } from "./optics.ts";

export function addProjectCommand(program: Command): void {
  const command = program
    .command("project")
    .summary("project a map into a stack of noise-free images")
    .description("Project a map along random views, or the views of a STAR file, into a stack of noise-free images and a STAR file with their angles.")
    .argument("<map>", "map to project (.mrc)")
    .requiredOption("--out <stack>", "stack to write (.mrcs); the angles go to a .star file beside it")
    .option("--count <number>", "number of random views")
    .option("--star <file>", "take the angles and origins of this STAR file instead of random ones")
    .option("--ctf", "multiply with the contrast transfer function");
  addViewOptions(addOpticsOptions(command))
    .option("--seed <number>", "seed of all random draws", projectDefaults.seed)
    .option("--json", "print the result as JSON")
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
      throw new Error(`not connected to src/physics yet: ${JSON.stringify(options)}`);
    });
}
