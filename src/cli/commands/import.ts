import type { Command } from "commander";

export function addImportCommand(program: Command): void {
  program
    .command("import")
    .summary("write the particles of a cryoSPARC job as a STAR file")
    .description(
      "Find the particles of a cryoSPARC job (extract, import, select 2D, ab-initio, " +
        "refinement), join them with their passthrough file, and write a STAR file " +
        "of RELION 3.1, with optics groups, and with angles where the job has them. Images stay where they are.",
    )
    .argument("<job-folder>", "folder of the job, such as P7/J42")
    .requiredOption("--out <file>", "STAR file to write")
    .option("--particles-file <file>", "the .cs file to take, where the job has several sets of particles")
    .option("--passthrough <file>", "passthrough .cs file (default: the one that belongs to the particles)")
    .option("--optics-groups <list>", "only particles of these optics groups, by number or name: 1,3")
    .option("--pixel-size <Å>", "pixel size of the images in Å, where the file names none, several or a wrong one")
    .option(
      "--project-root <folder>",
      "folder that image paths start from (default: the one that holds the job folder)",
    )
    .option("--json", "print what was found as JSON")
    .addHelpText(
      "after",
      `
RELION takes no stacks named .mrc: these get links named .mrcs in a folder beside the STAR file.

Examples:
  $ cryogan import CS-project/J42 --out particles.star
  $ cryogan import CS-project/J51 --particles-file J51_class_01_final_particles.cs --out class1.star
`,
    )
    .action(async (jobFolder: string, values: Record<string, unknown>) => {
      const { parseImportOptions } = await import("../options/import.ts");
      const options = parseImportOptions({ ...values, jobFolder });
      const { importJob } = await import("../actions/import.ts");
      await importJob(options);
    });
}
