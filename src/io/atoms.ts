/** Atomic models from mmCIF and PDB files, through Mol*'s readers. */
import { InputError } from "../base/errors.ts";
import type { DataFile } from "../base/files.ts";
import { readBytes } from "./files.ts";
import type { CifCategory } from "./molstarReaders.ts";

/** Atoms as a file lists them, structure of arrays: every array has one entry per atom. */
export interface Atoms {
  count: number;
  /** The file this was read from, for messages. */
  source: string;
  /** Coordinates in Å. */
  x: Float64Array;
  y: Float64Array;
  z: Float64Array;
  /** Element symbols, "C", "Mg". */
  element: string[];
  bFactorAngstrom2: Float64Array;
  occupancy: Float64Array;
}

/**
 * Reads an mmCIF or PDB file, plain or gzipped; what it is, is told by its content. All atoms of the first model are
 * kept, hydrogens, ligands, water and alternative locations included. The coordinates are those deposited: no assembly
 * is generated. Throws InputError when the file cannot be read, is no coordinate file, or holds no atoms.
 */
export async function readAtoms(file: DataFile): Promise<Atoms> {
  const { path } = file,
    text = await unpackedText(file);
  // A data block opens every mmCIF file after comments at most; PDB records start with their name.
  if (/^(\s*#.*\n)*\s*data_/i.test(text)) return atomsOf(await mmcifAtomSites(text, path), path);
  if (/^(ATOM {2}|HETATM)/m.test(text)) return atomsOf(await pdbAtomSites(text, path), path);
  if (/^(HEADER|TITLE|REMARK|CRYST1|MODEL)/m.test(text)) throw new InputError(`${path}: holds no atoms`);
  throw new InputError(`${path}: neither an mmCIF nor a PDB coordinate file`);
}

async function unpackedText(file: DataFile): Promise<string> {
  let bytes = await readBytes(file);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = await gunzip(bytes);
    } catch {
      throw new InputError(`${file.path}: the gzip data is cut short or damaged; fetch the file again`);
    }
  }
  return new TextDecoder().decode(bytes);
}

/** @throws {TypeError} for damaged or incomplete data */
async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer(),
  );
}

// The readers are loaded when a model is read, so that other commands start without them.

async function mmcifAtomSites(text: string, path: string): Promise<CifCategory> {
  const { CIF } = await import("./molstarReaders.ts");
  const parsed = await CIF.parseText(text).run();
  if (parsed.isError) throw new InputError(`${path}: not valid CIF: ${parsed.message} (line ${parsed.line})`);
  const sites = parsed.result.blocks
    .map((block) => block.categories.atom_site)
    .find((category) => category !== undefined);
  if (!sites) throw new InputError(`${path}: holds no atoms (no _atom_site table)`);
  return sites;
}

async function pdbAtomSites(text: string, path: string): Promise<CifCategory> {
  const { parsePDB, pdbToMmCif } = await import("./molstarReaders.ts");
  const parsed = await parsePDB(text).run();
  if (parsed.isError) throw new InputError(`${path}: not a valid PDB file: ${parsed.message}`);
  return (await pdbToMmCif(parsed.result)).categories.atom_site!; // there, though empty, for a file without atoms
}

function atomsOf(sites: CifCategory, path: string): Atoms {
  const required = (name: string) => {
    const field = sites.getField(name);
    if (!field) throw new InputError(`${path}: the atoms have no ${name} column`);
    return field;
  };
  const model = sites.getField("pdbx_PDB_model_num");
  const rows: number[] = [];
  for (let row = 0; row < sites.rowCount; row++) if (!model || model.str(row) === model.str(0)) rows.push(row);
  if (rows.length === 0) throw new InputError(`${path}: holds no atoms`);

  const symbol = required("type_symbol");
  const numbers = (name: string, missing?: number) => {
    const field = missing === undefined ? required(name) : sites.getField(name);
    return Float64Array.from(rows, (row) => {
      const text = field?.str(row).trim() ?? "";
      // Mol* gives an empty string for CIF's "?" and ".".
      const value = text === "" && missing !== undefined ? missing : Number(text || NaN);
      if (!Number.isFinite(value))
        throw new InputError(
          `${path}: atom ${row + 1}: ${name} is ${text === "" ? "missing" : `"${text}", not a number`}`,
        );
      return value;
    });
  };
  return {
    count: rows.length,
    source: path,
    x: numbers("Cartn_x"),
    y: numbers("Cartn_y"),
    z: numbers("Cartn_z"),
    element: rows.map((row) => elementSymbol(symbol.str(row))),
    bFactorAngstrom2: numbers("B_iso_or_equiv", 0),
    occupancy: numbers("occupancy", 1),
  };
}

/** "MG" to "Mg"; a charge after the symbol, as in "ZN2+", is dropped. */
function elementSymbol(text: string): string {
  const letters = /^[A-Za-z]*/.exec(text.trim())![0];
  return letters.slice(0, 1).toUpperCase() + letters.slice(1).toLowerCase();
}
