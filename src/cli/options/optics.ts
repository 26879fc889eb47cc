import { z } from "zod";
import { opticsDefaults } from "./choices.ts";
import { defocusRange, fraction, nonNegative, path, positive } from "./values.ts";

/** Where the defocus of each simulated image comes from. */
export type DefocusSource =
  /** Drawn uniformly, without astigmatism. */
  | { kind: "range"; minimumAngstrom: number; maximumAngstrom: number }
  /** Rows drawn from a CSV file with columns defocus_u_angstrom, defocus_v_angstrom, defocus_angle_degrees. */
  | { kind: "table"; path: string };

/** Microscope of a simulation. */
export interface OpticsOptions {
  defocus: DefocusSource;
  voltageKv: number;
  sphericalAberrationMm: number;
  amplitudeContrast: number;
  bFactorAngstrom2: number;
}

/** Fields that `simulate` and `project` share. */
export const opticsFields = {
  defocusRange: defocusRange().optional(),
  defocusTable: path("a CSV file").optional(),
  voltage: positive("kV").default(Number(opticsDefaults.voltage)),
  cs: nonNegative("mm").default(Number(opticsDefaults.cs)),
  amplitudeContrast: fraction().default(Number(opticsDefaults.amplitudeContrast)),
  bFactor: nonNegative("Å²").default(Number(opticsDefaults.bFactor)),
};

const opticsSchema = z.object(opticsFields);

/** The typed optics out of parsed fields. Both a range and a table: reported as an issue of `defocusTable`. */
export function toOptics(fields: z.output<typeof opticsSchema>, context: z.RefinementCtx): OpticsOptions {
  if (fields.defocusRange && fields.defocusTable !== undefined)
    context.addIssue({
      code: "custom",
      path: ["defocusTable"],
      message: "cannot be combined with --defocus-range; give one of them",
    });
  const [minimumAngstrom, maximumAngstrom] = fields.defocusRange ?? defocusRange().parse(opticsDefaults.defocusRange);
  return {
    defocus:
      fields.defocusTable === undefined
        ? { kind: "range", minimumAngstrom, maximumAngstrom }
        : { kind: "table", path: fields.defocusTable },
    voltageKv: fields.voltage,
    sphericalAberrationMm: fields.cs,
    amplitudeContrast: fields.amplitudeContrast,
    bFactorAngstrom2: fields.bFactor,
  };
}
