import type { Command } from "commander";

export function addExportCommand(program: Command): void {
  program
    .command("export")
    .summary("write what RELION needs to refine a map further")
    .description(
      "Write what RELION needs to refine the map of a run further: map.mrc, " +
        "the filtered start.mrc, mask.mrc, particles.star, and relion_refine.sh, " +
        "which runs 3D auto-refine with them.",
    )
    .argument("<run-folder>", "run folder: the --out of reconstruct")
    .requiredOption("--relion <folder>", "folder to write to")
    .option(
      "--ini-high <Å>",
      "low-pass filter of the start model in Å (default: 1.5 times the run's resolution, at least 20)",
    )
    .option("--poses", "give each particle the most likely angles and shifts that the run found")
    .option("--class <list>", "of a run with --classes only the particles of these, and the map of the first: 1,3")
    .option("--project-root <folder>", "RELION project folder: names of files start from it (default: absolute names)")
    .option(
      "--stacks-root <folder>",
      "folder that the stack names in the run's particle file start from (default: as in the run)",
    )
    .option("--json", "print progress and result as JSON lines")
    .addHelpText(
      "after",
      `
The script passes its arguments on to RELION, and reads MPI (processes) and THREADS (of each).
Images whose background is not normalised, or whose density is dark (which the run
inverted), are copied to normalised.mrcs as RELION needs them; others stay where they
are. Stacks named .mrc, which RELION does not take, get links named .mrcs.

Examples:
  $ cryogan export run --relion relion && relion/relion_refine.sh
  $ cryogan export run --relion ~/project/External/cryogan --project-root ~/project
  $ cryogan export run --relion relion --ini-high 30 --poses --json
`,
    )
    .action(async (runFolder: string, values: Record<string, unknown>) => {
      const { parseExportOptions } = await import("../options/export.ts");
      const options = parseExportOptions({ ...values, runFolder });
      const { exportRun } = await import("../actions/export.ts");
      await exportRun(options);
    });
}
