/** A user's own distribution of viewing directions. */
import { InputError } from "../../base/errors.ts";
import type { DataFile } from "../../base/files.ts";
import { readText } from "../../io/files.ts";
import { parseStar } from "../../io/star.ts";
import type { ViewingDistribution } from "../../physics/viewing.ts";

/** Spread given to each view of the table, radians. */
const jitter = (5 * Math.PI) / 180;

/**
 * Views from a STAR file with rlnAngleRot and rlnAngleTilt (degrees), a row a view: equally likely, and spread by five
 * degrees.
 * @throws {InputError} if the columns are missing or hold no numbers
 */
export async function readViews(file: DataFile): Promise<ViewingDistribution> {
  const { path } = file;
  const block = parseStar(await readText(file), path).find(
    (b) => b.columns.includes("rlnAngleRot") && b.columns.includes("rlnAngleTilt"),
  );
  if (!block) throw new InputError(`${path} has no table with rlnAngleRot and rlnAngleTilt`);
  const column = (name: string): number => block.columns.indexOf(name);
  const radians = (row: number, name: string): number => {
    const value = Number(block.value(row, column(name)));
    if (!Number.isFinite(value))
      throw new InputError(`${path}: row ${row + 1} (line ${block.line(row)}): ${name} is not a number`);
    return (value * Math.PI) / 180;
  };
  const views = Array.from({ length: block.rowCount }, (_, row) => ({
    rot: radians(row, "rlnAngleRot"),
    tilt: radians(row, "rlnAngleTilt"),
    weight: 1,
  }));
  if (views.length === 0) throw new InputError(`${path} lists no views`);
  return { kind: "table", views, jitter };
}
