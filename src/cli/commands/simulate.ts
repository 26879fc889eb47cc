import { type Command, Option } from "commander";
import { deviceNames } from "../../runtime/deviceNames.ts";
import { noiseKinds, simulateDefaults } from "../options/choices.ts";
import { addOpticsOptions, addViewOptions } from "./optics.ts";

export function addSimulateCommand(program: Command): void {
  const command = program
    .command("simulate")
    .summary("make particle images from an atomic model or a map")
    .description(
      "Make a stack of particle images (particles.mrcs, " +
        "particles.star) and the true map from an atomic model or a map.",
    )
    .argument("<model>", "atomic model (.cif or .pdb, also .gz) or map (.mrc)")
    .requiredOption("--particles <count>", "number of images")
    .requiredOption("--box <pixels>", "box edge in pixels")
    .option("--pixel-size <Å>", "pixel size of the images in Å (default for a map: what shows all of it)")
    .option("--map-pixel-size <Å>", "pixel size of the map, where its header is wrong or silent")
    .requiredOption("--out <folder>", "folder to write to")
    .option("--snr <ratio>", "variance of the signal over variance of the noise, per pixel")
    .option("--noise-free", "images without noise, instead of --snr")
    .option(
      "--resolution <Å>",
      "low-pass filter of the density in Å (default: twice the pixel size for atoms, none for a map)",
    )
    .option("--symmetric-frame", "turn the model so that its twofold axes lie along x, y and z (D2)");
  addViewOptions(addOpticsOptions(command))
    .option("--shift-sigma <Å>", "Gaussian in-plane shifts: standard deviation in x and in y, in Å")
    .option(
      "--shift-triangular <fraction>",
      "triangular in-plane shifts: half-width in x and in y as a fraction of the box edge",
    )
    .addOption(
      new Option(
        "--noise <kind>",
        "white Gaussian; Gaussian with the power spectrum of a stack; images of a stack; " +
          "the last two together, so that no two images share their noise; " +
          "or mosaics of a stack's images, in which none is seen again",
      )
        .choices(noiseKinds)
        .default(simulateDefaults.noise),
    )
    .option("--noise-bank <stack>", "stack of particle-free images (.mrcs) for all --noise but white")
    .option("--noise-images <which>", "images of that stack to take: odd, even or a range such as 1-50 (default: all)")
    .option("--junk <fraction>", "share of the images that hold noise alone, without a molecule", simulateDefaults.junk)
    .option("--float16", "write 16-bit floats (MRC mode 12), half the size")
    .option("--seed <number>", "seed of all random draws", simulateDefaults.seed)
    .addOption(new Option("--device <name>", "where to compute").choices(deviceNames).default(simulateDefaults.device))
    .option("--threads <count>", "threads on the CPU (default: all cores)")
    .option("--json", "print progress and result as JSON lines")
    .addHelpText(
      "after",
      `
Writes to the folder: particles.mrcs and particles.star (images and optics, without poses and
without the envelope, which nobody knows of real particles), truth.mrc (the map, at the box and
pixel size of the images), truth.star (the particles that hold a molecule, with their true poses
and the envelope), config.json.

Examples:
  $ cryogan simulate 7a4m.cif --particles 5000 --box 64 --pixel-size 3 --snr 0.1 --out particles
  $ cryogan simulate bgal.pdb.gz --particles 41000 --box 192 --pixel-size 1.3 --snr 0.01 \\
      --defocus-range 1,2 --shift-triangular 0.06 --symmetric-frame --out bgal
  $ cryogan simulate emd_11638.mrc --particles 10000 --box 96 --noise-free --out views
`,
    )
    .action(async (model: string, values: Record<string, unknown>) => {
      const { parseSimulateOptions } = await import("../options/simulate.ts");
      const options = parseSimulateOptions({ ...values, model });
      const { simulate } = await import("../actions/simulate.ts");
      await simulate(options);
    });
}
