import type { Command } from "commander";
import type { Services } from "../services.ts";

export function addDemoCommand(program: Command, services: Services): void {
  program
    .command("demo")
    .summary("simulate β-galactosidase particles and reconstruct them, in a few minutes")
    .description(
      "Simulate 20,000 centred particles of β-galactosidase (PDB 5A1A, " +
        "measured defocus, SNR 0.1, uniform views), reconstruct them blind " +
        "with D2 symmetry, compare the map with the true one and draw the report.",
    )
    .option("--out <folder>", "folder to write to; what an earlier demo left there is replaced", "demo")
    .option("--json", "print progress and results as JSON lines")
    .addHelpText(
      "after",
      `
Writes 170 MB of particles to <folder>/particles, the run to <folder>/run.

Example:
  $ cryogan demo --out demo
`,
    )
    .action(async ({ out, json }: { out: string; json?: boolean }) => {
      const { demo } = await import("../actions/demo.ts");
      await demo(out, json ?? false, services);
    });
}
