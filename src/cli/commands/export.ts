import type { Command } from "commander";

export function addExportCommand(program: Command): void {
  program
    .command("export")
    .summary("write what RELION or cryoSPARC needs to refine a map further")
    .description(
      "Write what RELION or cryoSPARC needs to refine the map of a run further. For both map.mrc and mask.mrc; " +
        "for RELION the filtered start.mrc, particles.star, and relion_refine.sh, which runs 3D auto-refine with " +
        "them; for cryoSPARC particles.csg and volume.csg with their .cs files, for Import Result Group.",
    )
    .argument("<run-folder>", "run folder: the --out of reconstruct")
    .option("--relion <folder>", "folder to write to for RELION; this or --cryosparc is required")
    .option("--cryosparc <folder>", "folder to write to for cryoSPARC, new or of an earlier export")
    .option(
      "--ini-high <Å>",
      "low-pass filter of the start model for RELION in Å (default: 1.5 times the run's resolution, at least 20)",
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
Images whose background is not normalised are copied to normalised.mrcs; for RELION those
whose density is dark (which the run inverted), too. Others stay where they are: stacks
named .mrc, which RELION does not take, get links named .mrcs, and for cryoSPARC, which
looks for them from the folder of particles.cs, all get one.

Examples:
  $ cryogan export run --relion relion && relion/relion_refine.sh
  $ cryogan export run --relion ~/project/External/cryogan --project-root ~/project
  $ cryogan export run --relion relion --ini-high 30 --poses --json
  $ cryogan export run --cryosparc cryosparc --poses
`,
    )
    .action(async (runFolder: string, values: Record<string, unknown>) => {
      const { parseExportOptions } = await import("../options/export.ts");
      const options = parseExportOptions({ ...values, runFolder });
      const { exportRun } = await import("../actions/export.ts");
      await exportRun(options);
    });
}
