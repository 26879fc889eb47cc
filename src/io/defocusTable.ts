/** Tables of measured defocus, as comma-separated values. */
import { InputError } from "../base/errors.ts";
import type { DataFile } from "../base/files.ts";
import { decimal } from "../base/values.ts";
import { readText } from "./files.ts";

/** A defocus measured with its astigmatism. */
export interface AstigmaticDefocus {
  defocusUAngstrom: number;
  defocusVAngstrom: number;
  /** Radians. */
  astigmatismAngle: number;
}

const columns = ["defocus_u_angstrom", "defocus_v_angstrom", "defocus_angle_degrees"] as const;

/**
 * Reads a CSV file whose first line names its columns, `defocus_u_angstrom`, `defocus_v_angstrom` and
 * `defocus_angle_degrees` among them; others are passed over.
 * @throws InputError naming the line of a value that is no defocus.
 */
export async function readDefocusTable(file: DataFile): Promise<AstigmaticDefocus[]> {
  const { path } = file,
    text = await readText(file);
  const lines = text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .map((line) => line.split(",").map((cell) => cell.trim()));
  const header = lines[0]!;
  const at = columns.map((name) => {
    const index = header.indexOf(name);
    if (index < 0)
      throw new InputError(`${path} has no column ${name}; its first line must name the columns ${columns.join(", ")}`);
    const again = header.indexOf(name, index + 1);
    if (again >= 0)
      throw new InputError(`${path}: the columns ${index + 1} and ${again + 1} are both named ${name}; remove one`);
    return index;
  });
  const table: AstigmaticDefocus[] = [];
  lines.slice(1).forEach((cells, i) => {
    if (cells.length === 1 && cells[0] === "") return;
    const [u, v, angle] = at.map((index, c) => {
      const text = cells[index] ?? "";
      const value = decimal(text);
      const isDefocus = Math.abs(value) >= 100 && Math.abs(value) <= 100_000;
      if (c < 2 ? !isDefocus : Number.isNaN(value)) {
        throw new InputError(
          `${path}: line ${i + 2}: ${columns[c]} is "${text}"; ` +
            `it must be ${c < 2 ? "between 100 and 100000 Å in size" : "a number"}`,
        );
      }
      return value;
    }) as [number, number, number];
    table.push({ defocusUAngstrom: u, defocusVAngstrom: v, astigmatismAngle: (angle * Math.PI) / 180 });
  });
  if (table.length === 0) throw new InputError(`${path} lists no defocus`);
  return table;
}
