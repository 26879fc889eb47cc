import { Command, CommanderError } from "commander";
import { version } from "../base/version.ts";
import { launched, placeOf } from "../runtime/launched.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addEvaluateCommand } from "./commands/evaluate.ts";
import { addExportCommand } from "./commands/export.ts";
import { addFlipCommand } from "./commands/flip.ts";
import { addImportCommand } from "./commands/import.ts";
import { addInspectCommand } from "./commands/inspect.ts";
import { addPostprocessCommand } from "./commands/postprocess.ts";
import { addProjectCommand } from "./commands/project.ts";
import { addReconstructCommand } from "./commands/reconstruct.ts";
import { addReportCommand } from "./commands/report.ts";
import { addResampleCommand } from "./commands/resample.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addSimulateCommand } from "./commands/simulate.ts";
import { addSlurmCommand } from "./commands/slurm.ts";
import { exitCodeOf, reportError, Told } from "./errors.ts";
import { outliveOutputs } from "./outputs.ts";
import { tell } from "./print.ts";
import type { Services } from "./services.ts";

/** Runs the command line of this process; sets its exit code. */
export async function runCommandLine(services: Services): Promise<void> {
  const launch = launched();
  const silent = launch !== undefined && launch.rank > 0;
  const program = new Command("cryogan")
    .description(
      "Cryo-EM maps from particle images, ab initio: " +
        "CryoGAN (a simulator of the microscope against a critic) finds the shape without " +
        "poses, likelihood refinement the detail and the poses.",
    )
    .version(version)
    .exitOverride()
    .configureOutput(silent ? { writeOut: () => {}, writeErr: () => {} } : {})
    .addHelpText(
      "after",
      `
  Exit codes: 0 done, 1 wrong input, 2 wrong usage, 70 a bug in cryogan; stopped with Ctrl-C 130, by SIGTERM 143, by
  SIGUSR2 140, by a closed terminal 129; 141 where what was printed was not read to its end.

  A first run, from an atomic model to a map in a few minutes:
    $ cryogan demo

  The same in steps:
    $ cryogan simulate 7a4m.cif --particles 5000 --box 64 --pixel-size 3 --snr 0.1 --out particles
    $ cryogan reconstruct particles/particles.star --out run --time-limit 10m
  `,
    );

  addSimulateCommand(program);
  addReconstructCommand(program, services);
  addEvaluateCommand(program);
  addPostprocessCommand(program);
  addFlipCommand(program);
  addResampleCommand(program);
  addInspectCommand(program);
  addProjectCommand(program);
  addReportCommand(program, services);
  addServeCommand(program, services);
  addSlurmCommand(program);
  addExportCommand(program);
  addImportCommand(program);
  addDemoCommand(program, services);

  let command = "";
  program.hook("preAction", (_, action) => {
    command = action.name();
    if (!launch || command === "reconstruct") return;
    if (silent) throw new Told(0);
    tell("warning", `${command} runs in one process; the others that were launched with this one have left`);
  });
  outliveOutputs(() => ["reconstruct", "demo", "serve"].includes(command));

  try {
    await program.parseAsync();
  } catch (error) {
    // Commander has printed its own message; help and --version arrive here too, with exit code 0.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    // What is wrong with the command line is so in all processes of a job: the first tells.
    else if (silent && exitCodeOf(error) === 2) process.exitCode = 2;
    else process.exitCode = reportError(error, silent ? placeOf(launch) : undefined);
  }
}
