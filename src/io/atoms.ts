/** Atomic models from mmCIF and PDB files, through Mol*'s readers. */
import { InputError } from "../base/errors.ts";
import type { DataFile } from "../base/files.ts";
import { readBytes, readText, withFile } from "./files.ts";
import { isGzip } from "./foreign.ts";
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
    text = (await unpackedText(file)).replace(/^\ufeff/, "");
  // A data block opens every mmCIF file after comments at most; PDB records start with their name.
  if (/^data_/i.test(text.slice(afterComments(text)))) return atomsOf(await mmcifAtomSites(text, path), path);
  if (/^(ATOM {2}|HETATM)/m.test(text)) return atomsOf(await pdbAtomSites(text, path), path);
  if (/^(HEADER|TITLE|REMARK|CRYST1|MODEL)/m.test(text)) throw new InputError(`${path}: holds no atoms`);
  throw new InputError(`${path}: neither an mmCIF nor a PDB coordinate file`);
}

/** Where the first word of a CIF file stands. */
function afterComments(text: string): number {
  let at = 0;
  for (;;) {
    while (at < text.length && text.charCodeAt(at) <= 32) at++;
    if (text[at] !== "#") return at;
    const end = text.indexOf("\n", at);
    at = end < 0 ? text.length : end;
  }
}

/** Of text, unpacked. The largest entry of the PDB, a virus capsid, has 260 MB. */
const mostBytes = 2 ** 29 - 32;

async function unpackedText(file: DataFile): Promise<string> {
  const start = await withFile(file, async (open) => {
    const bytes = new Uint8Array(2);
    return bytes.subarray(0, await open.read(bytes, 0));
  });
  if (!isGzip(start)) return readText(file);
  const parts: Uint8Array[] = [];
  let size = 0;
  const unpacked = new Blob([await readBytes(file)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const reader = unpacked.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((): never => {
      throw new InputError(`${file.path}: the gzip data is cut short or damaged; fetch the file again`);
    });
    if (done) break;
    size += value.length;
    if (size > mostBytes) {
      await reader.cancel();
      throw new InputError(`${file.path} unpacks to more than 512 MB, which no model of atoms has`);
    }
    parts.push(value);
  }
  const decoder = new TextDecoder();
  return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
}

// The readers are loaded when a model is read, so that other commands start without them.

async function mmcifAtomSites(text: string, path: string): Promise<CifCategory> {
  const { CIF } = await import("./molstarReaders.ts");
  const parsed = await understood(() => CIF.parseText(text).run(), path, "not valid CIF");
  if (parsed.isError) throw new InputError(`${path}: not valid CIF: ${parsed.message} (line ${parsed.line})`);
  const [block, other] = parsed.result.blocks.filter(({ categories }) => categories.atom_site !== undefined);
  if (block === undefined) throw new InputError(`${path}: holds no atoms (no _atom_site table)`);
  if (other !== undefined)
    throw new InputError(
      `${path}: the blocks data_${block.header} and data_${other.header} both hold atoms; leave one`,
    );
  return block.categories.atom_site!;
}

/** Readers of Mol* at work, during which what they print, pieces of the file, is kept from the terminal. */
let reading = 0;
const log = console.log;

/** Mol*'s readers take their input to be whole: what they stumble over is no bug of ours. */
async function understood<T>(read: () => Promise<T>, path: string, what: string): Promise<T> {
  reading++;
  console.log = () => {};
  try {
    return await read();
  } catch {
    throw new InputError(`${path}: ${what}: its tables cannot be understood`);
  } finally {
    if (--reading === 0) console.log = log;
  }
}

async function pdbAtomSites(text: string, path: string): Promise<CifCategory> {
  const { parsePDB, pdbToMmCif } = await import("./molstarReaders.ts");
  const parsed = await understood(() => parsePDB(text).run(), path, "not a valid PDB file");
  if (parsed.isError) throw new InputError(`${path}: not a valid PDB file: ${parsed.message}`);
  const { categories } = await understood(() => pdbToMmCif(parsed.result), path, "not a valid PDB file");
  return categories.atom_site!; // there, though empty, for a file without atoms
}

/** Å: a hundred times what the largest molecules span. */
const coordinates = [-1e6, 1e6] as const;

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
  const numbers = (name: string, [least, most]: readonly [number, number], missing?: number) => {
    const field = missing === undefined ? required(name) : sites.getField(name);
    return Float64Array.from(rows, (row) => {
      const text = field?.str(row).trim() ?? "";
      // Mol* gives an empty string for CIF's "?" and ".".
      const value = text === "" && missing !== undefined ? missing : Number(text || NaN);
      if (!Number.isFinite(value))
        throw new InputError(
          `${path}: atom ${row + 1}: ${name} is ${text === "" ? "missing" : `"${text}", not a number`}`,
        );
      if (!(value >= least && value <= most))
        throw new InputError(`${path}: atom ${row + 1}: ${name} is ${value}; it must be between ${least} and ${most}`);
      return value;
    });
  };
  return {
    count: rows.length,
    source: path,
    x: numbers("Cartn_x", coordinates),
    y: numbers("Cartn_y", coordinates),
    z: numbers("Cartn_z", coordinates),
    element: rows.map((row) => elementSymbol(symbol.str(row))),
    bFactorAngstrom2: numbers("B_iso_or_equiv", [0, 10_000], 0),
    occupancy: numbers("occupancy", [0, 1], 1),
  };
}

/** "MG" to "Mg"; a charge after the symbol, as in "ZN2+", is dropped. */
function elementSymbol(text: string): string {
  const letters = /^[A-Za-z]*/.exec(text.trim())![0];
  return letters.slice(0, 1).toUpperCase() + letters.slice(1).toLowerCase();
}
