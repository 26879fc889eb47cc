import { type Command, Option } from "commander";
import { critics, devices, losses, reconstructDefaults } from "../options/choices.ts";
import type { Services } from "../services.ts";

/** The command with its arguments and options. */
export function defineReconstructCommand(program: Command): Command {
  return program
    .command("reconstruct")
    .summary("compute a map from particle images")
    .description(
      "Compute an ab-initio map from particle images, blind: " +
        "an adversarial stage (CryoGAN), in which no image is given a pose, finds the " +
        "shape; posterior-weighted refinement at rising resolution follows, " +
        "in which each image counts in all poses by their probability, " +
        "at fine resolution in those near its most likely one.",
    )
    .argument("<particles-file>", "particles (.star or .cs)")
    .requiredOption("--out <folder>", "run folder: map, checkpoints, events, report")
    .option("--symmetry <group>", "point group: C1, C4, D2, T, O, I, ...", reconstructDefaults.symmetry)
    .option(
      "--time-limit <duration>",
      "lay the run out for about this long on two CPU cores: 90s, 5m, 1h30m (default: 10m)",
    )
    .option("--resolution <Å>", "finest resolution to work at, in Å (default: what the data and the time allow)")
    .option("--box <pixels>", "largest working box, in pixels (default: as the resolution needs)")
    .option("--stages <list>", "set the stages yourself, see below (default: chosen from the data and the time limit)")
    .option("--particles <count>", "use only this many particles, drawn at random")
    .option("--exclude <file>", "leave out the particles that this STAR or .cs file lists")
    .option(
      "--optics-groups <list>",
      "use only particles of these optics groups (cryoSPARC: exposure groups), by number or name: 1,3",
    )
    .option(
      "--invert-contrast",
      'density is dark in the images, as without RELION\'s "invert contrast"; cryogan inspect tells',
    )
    .option("--ctf-phase-flipped", "the phases of the images were flipped before")
    .option(
      "--half-maps",
      "reconstruct two halves of the data independently: half1.mrc, half2.mrc, their FSC, and map.mrc as their mean",
    )
    .option(
      "--mask-diameter <Å>",
      "diameter of the particle in Å: beyond it images show background, " +
        "and a spherical mask cuts the density (default: 90 % of the box)",
    )
    .option(
      "--mask <file>",
      "mask to use in place of the sphere: a map from 0 to 1, " +
        "about the centre of its box, with the symmetry of the group",
    )
    .option(
      "--max-shift <Å>",
      "largest in-plane shift of a particle in Å; 0 if all are centred (default: 5 % of the box)",
    )
    .option("--views-file <file>", "STAR file with angles that follow the distribution of views (default: uniform)")
    .option("--positivity", "keep the density non-negative")
    .addOption(
      new Option("--critic <kind>", "what tells real from simulated images")
        .choices(critics)
        .default(reconstructDefaults.critic),
    )
    .addOption(new Option("--loss <kind>", "adversarial loss and penalty (default: the critic's own)").choices(losses))
    .option("--project-root <folder>", "folder that the stack names in the particle file start from")
    .option("--passthrough <file>", "passthrough .cs file with the columns that the particle file lacks")
    .addOption(new Option("--device <name>", "where to compute").choices(devices).default(reconstructDefaults.device))
    .option("--threads <count>", "threads on the CPU (default: all cores)")
    .option("--cache <GB>", "memory for particles; beyond it they go to a scratch file in the run folder (default: 2)")
    .option("--seed <number>", "seed of all random draws", reconstructDefaults.seed)
    .option("--resume", "go on from the last checkpoint in the run folder; the other options must be those of the run")
    .option("--overwrite", "replace the run that the folder holds")
    .option("--checkpoint-every <duration>", "time between checkpoints (default: 1m)")
    .option("--open", "show the run in the browser as it goes, and serve the page until Ctrl-C")
    .option("--json", "print events as JSON lines")
    .addHelpText(
      "after",
      `
Ctrl-C stops after a checkpoint; the same command with --resume goes on.

Stages are "kind box:iterations", separated by commas; kind is adversarial, refine (all poses are
tried) or local (poses near the most likely one are tried). The box is in pixels and sets the
resolution: a box of 24 works to the 12th Fourier pixel, the width of the image divided by 12.
Iterations of refine and local are passes over the particles, or over as many of them as a third
number says: refine 32:2:20000. The first stage must be adversarial.
Example: --stages "adversarial 16:500, refine 16:2, refine 22:2, local 32:3"

Examples:
  $ cryogan reconstruct particles.star --out run
  $ cryogan reconstruct particles.star --out run --symmetry D2 --time-limit 10m --half-maps
  $ cryogan reconstruct J42/extracted_particles.cs --project-root /data/P7 --out run --device cuda
`,
    );
}

export function addReconstructCommand(program: Command, services: Services): void {
  defineReconstructCommand(program).action(async (particlesFile: string, values: Record<string, unknown>) => {
    const { parseReconstructOptions } = await import("../options/reconstruct.ts");
    const options = parseReconstructOptions({ ...values, particlesFile });
    const { reconstruct } = await import("../actions/reconstruct.ts");
    const run = await import("../../reconstruct/run/run.ts");
    await reconstruct(options, run.reconstruct, process.argv.slice(2), services);
  });
}
