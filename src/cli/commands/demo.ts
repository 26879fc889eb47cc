import type { Command } from "commander";
import type { Services } from "../services.ts";

export function addDemoCommand(program: Command, services: Services): void {
  program
    .command("demo")
    .summary("simulate β-galactosidase particles, or take real ones, and reconstruct them, in a few minutes")
    .description(
      "Simulate 20,000 centred particles of β-galactosidase (PDB 5A1A, " +
        "measured defocus, SNR 0.1, uniform views), reconstruct them blind " +
        "with D2 symmetry, compare the map with the true one and draw the report. " +
        "With --real: the same from 2,365 real particles of apoferritin, with O symmetry.",
    )
    .option("--out <folder>", "folder to write to; what an earlier demo left there is replaced", "demo")
    .option("--real", "reconstruct real particles: apoferritin, cut from micrographs of EMPIAR-10146")
    .option("--json", "print progress and results as JSON lines")
    .addHelpText(
      "after",
      `
Writes 170 MB of particles to <folder>/particles, the run to <folder>/run.

--real runs "cryogan reconstruct particles.star --symmetry O", compares the map with the known structure (PDB
4Y08), neither turned nor shifted, in both hands, and tells the mean FSC over shells 12 to 21 of the box (20 to
11.4 Å, no mask), where FSC is 0.5 (in a mask, corrected), and the verdict of the run. Its data, 15 MB, are in the
source repository and not in the npm package.

Examples:
  $ cryogan demo --out demo
  $ cryogan demo --real --out demo
`,
    )
    .action(async ({ out, real, json = false }: { out: string; real?: boolean; json?: boolean }) => {
      if (real) {
        const { demoReal } = await import("../actions/demoReal.ts");
        return demoReal(out, json, services);
      }
      const { demo } = await import("../actions/demo.ts");
      await demo(out, json, services);
    });
}
