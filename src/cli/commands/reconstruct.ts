import { type Command, Option } from "commander";
import { critics, devices, losses, reconstructDefaults } from "../options/choices.ts";

export function addReconstructCommand(program: Command): void {
  program
    .command("reconstruct")
    .summary("compute a map from particle images")
    .description("Compute an ab-initio map from particle images, without estimating the pose of any particle.")
    .argument("<particles-file>", "particles (.star or .cs)")
    .requiredOption("--out <folder>", "run folder: map, checkpoints, events, report")
    .option("--symmetry <group>", "point group: C1, C4, D2, T, O, I, ...", reconstructDefaults.symmetry)
    .option("--time-limit <duration>", "stop refining after this long: 90s, 5m, 1h30m (default: as the data need)")
    .option("--resolution <Å>", "finest resolution to work at, in Å (default: as the data allow)")
    .option("--box <pixels>", "largest working box, in pixels (default: as the resolution needs)")
    .option("--stages <list>", "box and time of each stage yourself: 16:20s,24:30s,32:60s (default: automatic)")
    .option("--particles <count>", "use only this many particles, drawn at random")
    .option("--half-maps", "reconstruct two halves of the data independently too, for the resolution")
    .option("--mask-diameter <Å>", "diameter of the spherical mask in Å (default: from the data)")
    .option("--max-shift <Å>", "largest in-plane shift of a particle in Å (default: from the data)")
    .option("--views-file <file>", "STAR file with angles that follow the distribution of views (default: uniform)")
    .option("--positivity", "keep the density non-negative")
    .option("--no-positivity", "let the density be negative")
    .addOption(new Option("--critic <kind>", "what tells real from simulated images").choices(critics).default(reconstructDefaults.critic))
    .addOption(new Option("--loss <kind>", "adversarial loss and penalty").choices(losses).default(reconstructDefaults.loss))
    .option("--project-root <folder>", "folder that the stack names in the particle file start from")
    .option("--passthrough <file>", "passthrough .cs file with the columns that the particle file lacks")
    .addOption(new Option("--device <name>", "where to compute").choices(devices).default(reconstructDefaults.device))
    .option("--threads <count>", "threads on the CPU (default: all cores)")
    .option("--seed <number>", "seed of all random draws", reconstructDefaults.seed)
    .option("--resume", "go on from the last checkpoint in the run folder")
    .option("--json", "print events as JSON lines")
    .addHelpText(
      "after",
      `
Ctrl-C stops after a checkpoint; the same command with --resume goes on.

Examples:
  $ cryogan reconstruct particles.star --out run
  $ cryogan reconstruct particles.star --out run --symmetry D2 --time-limit 10m --half-maps
  $ cryogan reconstruct J42/extracted_particles.cs --project-root /data/P7 --out run --device cuda
`,
    )
    .action(async (particlesFile: string, values: Record<string, unknown>) => {
      const { parseReconstructOptions } = await import("../options/reconstruct.ts");
      const options = parseReconstructOptions({ ...values, particlesFile });
      const { reconstruct } = await import("../actions/reconstruct.ts");
      await reconstruct(options, notConnected, process.argv.slice(2));
    });
}

const notConnected = async (): Promise<never> => {
  throw new Error("not connected to src/reconstruct/run.ts yet");
};
