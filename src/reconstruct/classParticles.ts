/** The particles of one class, as particles.star of a run tells. */
import { parseStar } from "../io/star.ts";
import { allRows, numberIn, starOfRows, tableWith } from "./particleRows.ts";

const classColumn = "rlnClassNumber";

/**
 * The text of a STAR file of the particles of a class, with all else that is told of them.
 * @param file name for messages. @throws {InputError} where the file is none of a run with classes
 */
export function particlesOfClass(text: string, file: string, classNumber: number): string {
  const blocks = parseStar(text, file),
    table = tableWith(blocks, classColumn, file, "a run with --classes or --junk-class"),
    column = table.columns.indexOf(classColumn);
  return starOfRows(
    blocks,
    table,
    allRows(table).filter((row) => numberIn(table, row, column, file) === classNumber),
  );
}
