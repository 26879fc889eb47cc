import { type Command, Option } from "commander";
import { contraryOf, kebabCase, optionName } from "../../base/values.ts";
import { type OptionDefinition, optionEntries } from "../../reconstruct/options.ts";
import type { Services } from "../services.ts";

/** The command with its arguments and options. */
function defineReconstructCommand(program: Command): Command {
  const command = program
    .command("reconstruct")
    .summary("compute a map from particle images")
    .description(
      "Compute an ab-initio map from particle images, blind: " +
        "an adversarial stage (CryoGAN), in which no image is given a pose, finds the " +
        "shape; likelihood refinement at rising resolution follows, " +
        "in which each image counts in all poses by their posterior probability, " +
        "at fine resolution in those near its most likely one. --method cryogan leaves likelihood out.",
    );
  return addRunOptions(command)
    .option("--open", "show the run in the browser as it goes, and serve the page until Ctrl-C")
    .option("--json", "print events as JSON lines")
    .addHelpText(
      "after",
      `
Ctrl-C stops after a checkpoint; the same command with --resume goes on. A run that has ended goes
on, too, from its last map, with more --time-limit (all of its time counts) or a finer --resolution.

Stages are "kind box:iterations", separated by commas; kind is adversarial, refine (all poses are
tried) or local (poses near the most likely one are tried). The box is in pixels and sets the
resolution: a box of 24 works to the 12th Fourier pixel, the width of the image divided by 12.
Iterations of refine and local are passes over the particles, or over as many of them as a third
number says: refine 32:2:20000. The first stage must be adversarial, or with --start none; with
--method cryogan all are.
Example: --stages "adversarial 16:500, refine 16:2, refine 22:2, local 32:3"

Examples:
  $ cryogan reconstruct particles.star --out run
  $ cryogan reconstruct particles.star --out run --symmetry D2 --time-limit 10m --half-maps
  $ cryogan reconstruct particles.star --out run --symmetry D2 --time-limit 30m --half-maps --resume
  $ cryogan reconstruct particles.star --out run --method cryogan --half-maps
  $ cryogan reconstruct particles.star --out run --start known.mrc --start-resolution 40
  $ cryogan reconstruct J42/extracted_particles.cs --project-root /data/P7 --out run --device cuda
`,
    );
}

/** Arguments and options of a run. */
export function addRunOptions(command: Command): Command {
  for (const [key, definition] of optionEntries) {
    if ("positional" in definition) command.argument(`<${kebabCase(key)}>`, definition.help);
    else for (const option of commandOptions(optionName(key), definition)) command.addOption(option);
  }
  return command;
}

function commandOptions(name: string, definition: OptionDefinition): Option[] {
  if (definition.given === "flag") return [new Option(name, definition.help)];
  if (definition.given === "yes or no")
    return [new Option(name, definition.help), new Option(contraryOf(name), definition.helpForNo)];
  const option = new Option(`${name} <${definition.placeholder}>`, definition.help);
  option.makeOptionMandatory(definition.given === "required");
  if (definition.value.choices) option.choices(definition.value.choices);
  if (definition.given === "default") option.default(definition.value.write(definition.default));
  return [option];
}

export function addReconstructCommand(program: Command, services: Services): void {
  defineReconstructCommand(program).action(async (particlesFile: string, values: Record<string, unknown>) => {
    const { parseReconstructCommand } = await import("../options/reconstruct.ts");
    const options = parseReconstructCommand({ ...values, particlesFile });
    const { reconstruct } = await import("../actions/reconstruct.ts");
    const { nodeHost } = await import("../../reconstruct/run/nodeHost.ts");
    const run = await import("../../reconstruct/run/run.ts");
    const { inJob } = await import("../job.ts");
    await inJob((processes) =>
      reconstruct(
        options,
        (...given) => run.reconstruct({ ...nodeHost, processes }, ...given),
        process.argv.slice(2),
        services,
        processes,
      ),
    );
  });
}
