import type { Command } from "commander";
import { print, printJson } from "../print.ts";
import type { Services } from "../services.ts";

export function addReportCommand(program: Command, services: Services): void {
  program
    .command("report")
    .summary("draw report.html of a run folder again")
    .description(
      "Draw report.html of a run folder again, from what the folder holds now: " +
        "also of a run that is going on or was stopped.",
    )
    .argument("<folder>", "run folder: the --out of reconstruct")
    .option("--json", "print the path of the report as JSON")
    .addHelpText(
      "after",
      `
Example:
  $ cryogan report run
`,
    )
    .action(async (folder: string, values: { json?: boolean }) => {
      const report = await services.writeReport(folder);
      if (values.json) printJson({ report });
      else print(report);
    });
}
