/**
 * The 1024-byte MRC2014 header: https://www.ccpem.ac.uk/mrc_format/mrc2014.php (Cheng et al. 2015, J. Struct. Biol.
 * 192:146).
 */
import { InputError } from "../base/errors.ts";
import type { Volume } from "../base/types.ts";
import { refuseForeign } from "./foreign.ts";

export const HEADER_BYTES = 1024;

/** Bytes per pixel of the modes that are read: int8, int16, float32, uint16, float16. */
const BYTES_PER_PIXEL: Record<number, number> = { 0: 1, 1: 2, 2: 4, 6: 2, 12: 2 };
/** Modes of the standard that are not read; naming them tells an unsupported file from a broken one. */
const UNREAD_MODES: Record<number, string> = { 3: "complex int16", 4: "complex float32", 101: "4-bit integers" };

const imodStamp = 1146047817;

export interface MrcHeader {
  /** NX, NY, NZ: columns (fastest), rows, sections as stored. */
  columns: number;
  rows: number;
  sections: number;
  mode: number;
  bytesPerPixel: number;
  /** Mode 0 as IMOD wrote it before the standard, 0 to 255 instead of -128 to 127. */
  unsignedBytes: boolean;
  littleEndian: boolean;
  /** MAPC, MAPR, MAPS: which axis (1 = x, 2 = y, 3 = z) the columns, rows and sections run along. */
  axisOrder: [number, number, number];
  /** Cell length over sampling along x, y, z; 0 where the header names no cell. */
  pixelSizeAngstrom: [number, number, number];
  /** ORIGIN, or where that is zero N*START times the pixel size; x, y, z. */
  originAngstrom: [number, number, number];
  /** ISPG: 0 image stack, 1 volume, 401 stack of volumes. */
  spaceGroup: number;
  /** DMIN, DMAX, DMEAN, RMS as the writer stored them. */
  statistics: Statistics;
  labels: string[];
  /** Where the pixels begin: after the header and the extended header. */
  dataOffset: number;
}

export interface Statistics {
  min: number;
  max: number;
  mean: number;
  /** Standard deviation from the mean. */
  rms: number;
}

/**
 * Parses the first 1024 bytes of an MRC file of either byte order.
 * @param path for messages only.
 * @throws InputError when the bytes are no MRC header or the mode is not one of 0, 1, 2, 6, 12.
 */
export function parseMrcHeader(bytes: Uint8Array, path: string): MrcHeader {
  if (bytes.length < HEADER_BYTES) {
    refuseForeign(bytes, path);
    throw new InputError(
      `${path} is not an MRC file: it holds ${bytes.length} bytes, the header alone has ${HEADER_BYTES}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const littleEndian = byteOrder(view);
  if (littleEndian === undefined) {
    refuseForeign(bytes, path);
    throw new InputError(`${path} is not an MRC file: its header makes sense in neither byte order`);
  }
  const int = (word: number) => view.getInt32(4 * (word - 1), littleEndian);
  const float = (word: number) => view.getFloat32(4 * (word - 1), littleEndian);
  const floats = (word: number): [number, number, number] => [float(word), float(word + 1), float(word + 2)];

  const mode = int(4);
  const bytesPerPixel = BYTES_PER_PIXEL[mode];
  if (bytesPerPixel === undefined) {
    throw new InputError(`${path} has MRC mode ${mode} (${UNREAD_MODES[mode]}); modes 0, 1, 2, 6 and 12 can be read`);
  }
  const axisOrder = axes([int(17), int(18), int(19)], path);
  const pixelSizeAngstrom = floats(11).map((length, axis) => {
    const samples = int(8 + axis);
    return samples > 0 && length > 0 && Number.isFinite(length) ? length / samples : 0;
  }) as [number, number, number];

  let originAngstrom = floats(50);
  if (originAngstrom.every((x) => x === 0)) {
    // N*START count along columns, rows, sections; the origin is along x, y, z.
    axisOrder.forEach((axis, i) => {
      originAngstrom[axis - 1] = int(5 + i) * pixelSizeAngstrom[axis - 1]!;
    });
  }
  if (!originAngstrom.every(Number.isFinite)) originAngstrom = [0, 0, 0];

  const labelCount = Math.min(Math.max(int(56), 0), 10);
  const labels = Array.from({ length: labelCount }, (_, i) =>
    String.fromCharCode(...bytes.subarray(224 + 80 * i, 304 + 80 * i)).replace(/[\0 ]+$/, ""),
  );
  return {
    columns: int(1),
    rows: int(2),
    sections: int(3),
    mode,
    bytesPerPixel,
    // IMOD's stamp, and its flag that bytes are signed (https://bio3d.colorado.edu/imod/doc/mrc_format.txt).
    unsignedBytes: mode === 0 && int(39) === imodStamp && (int(40) & 1) === 0,
    littleEndian,
    axisOrder,
    pixelSizeAngstrom,
    originAngstrom,
    spaceGroup: int(23),
    statistics: { min: float(20), max: float(21), mean: float(22), rms: float(55) },
    labels,
    dataOffset: HEADER_BYTES + int(24),
  };
}

/** The machine stamp's byte order where the header makes sense in it, else the other one, if it does in that. */
function byteOrder(view: DataView): boolean | undefined {
  const stampedLittle = view.getUint8(212) !== 0x11;
  return [stampedLittle, !stampedLittle].find((littleEndian) => plausible(view, littleEndian));
}

function plausible(view: DataView, littleEndian: boolean): boolean {
  const int = (word: number) => view.getInt32(4 * (word - 1), littleEndian);
  const sizeFits = (n: number, largest: number) => n >= 1 && n <= largest;
  const mode = int(4);
  return (
    sizeFits(int(1), 0xffff) &&
    sizeFits(int(2), 0xffff) &&
    sizeFits(int(3), 1 << 28) &&
    (mode in BYTES_PER_PIXEL || mode in UNREAD_MODES) &&
    int(24) >= 0
  );
}

/** MAPC, MAPR, MAPS; all zero, as old programs left them, means 1, 2, 3. */
function axes(stored: [number, number, number], path: string): [number, number, number] {
  if (stored.every((axis) => axis === 0)) return [1, 2, 3];
  if ([...stored].sort().join() !== "1,2,3") {
    throw new InputError(`${path} is not a valid MRC file: its axis order (MAPC, MAPR, MAPS) is ${stored.join(", ")}`);
  }
  return stored;
}

/** What the writers decide; everything else in the header follows from it. */
export interface HeaderFields {
  columns: number;
  rows: number;
  sections: number;
  mode: 2 | 12;
  pixelSizeAngstrom: number;
  originAngstrom: [number, number, number];
  /** A stack has ISPG 0 and MZ 1, a volume ISPG 1 and MZ = NZ. */
  isStack: boolean;
  statistics: Statistics;
  label: string;
}

/** A little-endian MRC2014 header (NVERSION 20141, which includes mode 12), without an extended header. */
export function encodeMrcHeader(fields: HeaderFields): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES),
    view = new DataView(bytes.buffer);
  const text = (at: number, value: string) => bytes.set(new TextEncoder().encode(value), at);
  const int = (word: number, ...values: number[]) =>
    values.forEach((x, i) => view.setInt32(4 * (word - 1 + i), x, true));
  const float = (word: number, ...values: number[]) =>
    values.forEach((x, i) => view.setFloat32(4 * (word - 1 + i), x, true));
  const { columns, rows, sections, statistics, pixelSizeAngstrom: pixel } = fields;
  const sampling = [columns, rows, fields.isStack ? 1 : sections];
  int(1, columns, rows, sections, fields.mode);
  int(8, ...sampling);
  float(11, ...sampling.map((n) => n * pixel));
  float(14, 90, 90, 90);
  int(17, 1, 2, 3);
  float(20, statistics.min, statistics.max, statistics.mean);
  int(23, fields.isStack ? 0 : 1);
  int(28, 20141);
  float(50, ...fields.originAngstrom);
  text(208, "MAP ");
  bytes.set([0x44, 0x44, 0, 0], 212);
  float(55, statistics.rms);
  int(56, 1);
  text(
    224,
    fields.label
      .replace(/[^\x20-\x7e]/g, "?")
      .slice(0, 80)
      .padEnd(80),
  );
  return bytes;
}

/** The header of a map in mode 2, statistics filled. @throws Error when a voxel is not finite. */
export function encodeMapHeader(map: Volume, label: string): Uint8Array {
  const { data, pixelSizeAngstrom, originAngstrom } = map,
    [sections, rows, columns] = map.shape,
    statistics = new RunningStatistics();
  statistics.add(data);
  return encodeMrcHeader({
    columns,
    rows,
    sections,
    mode: 2,
    pixelSizeAngstrom,
    originAngstrom,
    isStack: false,
    statistics: statistics.result(),
    label,
  });
}

/** DMIN, DMAX, DMEAN and RMS of pixels given in blocks (Chan, Golub & LeVeque 1983: merging of block variances). */
export class RunningStatistics {
  #count = 0;
  #min = Infinity;
  #max = -Infinity;
  #mean = 0;
  #squares = 0;

  add(values: Float32Array): void {
    if (values.length === 0) return;
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      sum += value;
      if (value < this.#min) this.#min = value;
      if (value > this.#max) this.#max = value;
    }
    const mean = sum / values.length;
    let squares = 0;
    for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2;
    const total = this.#count + values.length;
    const difference = mean - this.#mean;
    this.#squares += squares + (difference * difference * this.#count * values.length) / total;
    this.#mean += (difference * values.length) / total;
    this.#count = total;
  }

  /** @throws Error when a pixel was NaN or infinite: such a file would be of no use to any program. */
  result(): Statistics {
    if (!Number.isFinite(this.#mean)) throw new Error("a pixel to be written is NaN or infinite");
    return { min: this.#min, max: this.#max, mean: this.#mean, rms: Math.sqrt(this.#squares / this.#count) };
  }
}
