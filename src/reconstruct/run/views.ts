/** A user's own distribution of viewing directions. */
import { InputError } from "../../base/errors.ts";
import type { DataFile } from "../../base/files.ts";
import { decimal } from "../../base/values.ts";
import { readText } from "../../io/files.ts";
import { columnIndex, onlyBlock, parseStar } from "../../io/star.ts";
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
  const block = onlyBlock(
    parseStar(await readText(file), path),
    ({ columns }) => columns.includes("rlnAngleRot") && columns.includes("rlnAngleTilt"),
    path,
  );
  if (!block) throw new InputError(`${path} has no table with rlnAngleRot and rlnAngleTilt`);
  const columns = { rlnAngleRot: 0, rlnAngleTilt: 0 };
  for (const name of ["rlnAngleRot", "rlnAngleTilt"] as const) columns[name] = columnIndex(block, name, path)!;
  const radians = (row: number, name: keyof typeof columns): number => {
    const value = decimal(block.value(row, columns[name]).trim());
    if (Number.isNaN(value))
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
