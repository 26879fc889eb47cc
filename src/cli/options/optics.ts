import { z } from "zod";
import { value } from "../../base/schema.ts";
import { decimal, fraction, nonNegative, path, positive, type ValueKind } from "../../base/values.ts";
import { opticsDefaults } from "./choices.ts";

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

/** "0.8,2.5" in µm → [8000, 25000] Å. Underfocus is positive. */
const defocusRange: ValueKind<[number, number]> = {
  expected: "two defocus values in µm, the smaller first, such as 0.8,2.5",
  read: (text) => {
    const ends = text.split(",").map((part) => decimal(part.trim()));
    return ends.length === 2 && ends[0]! <= ends[1]! ? [ends[0]! * 1e4, ends[1]! * 1e4] : undefined;
  },
  write: (ends) => ends.map((end) => end / 1e4).join(","),
};

/** Fields that `simulate` and `project` share. */
export const opticsFields = {
  defocusRange: value(defocusRange).optional(),
  defocusTable: value(path("a CSV file")).optional(),
  voltage: value(positive("kV")).default(Number(opticsDefaults.voltage)),
  cs: value(nonNegative("mm")).default(Number(opticsDefaults.cs)),
  amplitudeContrast: value(fraction()).default(Number(opticsDefaults.amplitudeContrast)),
  bFactor: value(nonNegative("Å²")).default(Number(opticsDefaults.bFactor)),
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
  const [minimumAngstrom, maximumAngstrom] = fields.defocusRange ?? defocusRange.read(opticsDefaults.defocusRange)!;
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
