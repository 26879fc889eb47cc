import { type Command, Option } from "commander";
import { opticsDefaults, projectDefaults, viewKinds } from "../options/choices.ts";

/** Options on the microscope that `simulate` and `project` share. */
export function addOpticsOptions(command: Command): Command {
  return command
    .option(
      "--defocus-range <min,max>",
      `draw the defocus from this range in µm, underfocus positive (default: "${opticsDefaults.defocusRange}")`,
    )
    .option(
      "--defocus-table <file>",
      "draw rows of this CSV file instead: defocus_u_angstrom,defocus_v_angstrom,defocus_angle_degrees",
    )
    .option("--voltage <kV>", "acceleration voltage in kV", opticsDefaults.voltage)
    .option("--cs <mm>", "spherical aberration in mm", opticsDefaults.cs)
    .option("--amplitude-contrast <fraction>", "amplitude contrast, 0 to 1", opticsDefaults.amplitudeContrast)
    .option("--b-factor <Å²>", "envelope of the CTF: exp(-B k² / 4) with B in Å²", opticsDefaults.bFactor);
}

/** Options on the viewing directions that `simulate` and `project` share. */
export function addViewOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--views <distribution>", "viewing directions: uniform, or von Mises-Fisher around one axis")
        .choices(viewKinds)
        .default(projectDefaults.views),
    )
    .option("--kappa <number>", "concentration of --views vmf; the larger the narrower");
}
