/** MRC2014 maps and image stacks: reading, and writing beside the name with a rename at the end. */

import { InputError } from "../base/errors.ts";
import type { DataFile, OpenFile } from "../base/files.ts";
import type { Volume } from "../base/types.ts";
import { withFile, writeThenRename } from "./files.ts";
import { HALF_VALUES, halfBits } from "./float16.ts";
import { type MapOptions, mapProblem } from "./mapCheck.ts";
import type { MrcHeader } from "./mrcHeader.ts";
import { encodeMapHeader, encodeMrcHeader, HEADER_BYTES, parseMrcHeader, RunningStatistics } from "./mrcHeader.ts";

export type { MrcHeader } from "./mrcHeader.ts";

/** Of a map of 1024³ voxels, 4 GB in memory. */
const mostVoxels = 2 ** 30;
/** Of an image, 1 GB in memory. */
const mostPixels = 2 ** 28;

/** Pixels are moved in pieces of about this size, so that memory use does not grow with the file. */
const CHUNK_BYTES = 1 << 24;

/**
 * The header of a map or stack, of either byte order. @throws InputError when the file cannot be read or is no MRC
 * file.
 */
export async function readMrcHeader(file: DataFile): Promise<MrcHeader> {
  return withFile(file, (open) => headerOf(open, file.path));
}

/**
 * Reads a map of any supported mode, byte order and axis order as z, y, x with x fastest, to compute with.
 * @param pixelSizeAngstrom instead of the one in the header
 * @throws InputError when the file is truncated, an image stack, or has voxels that are no cubes, and what
 * {@link mapProblem} says of it.
 */
export async function readMap(file: DataFile, options: MapOptions = {}): Promise<Volume> {
  const stored = await readStoredMap(file);
  const map = { ...stored, pixelSizeAngstrom: options.pixelSizeAngstrom ?? stored.pixelSizeAngstrom };
  const problem = mapProblem(map, options);
  if (problem !== undefined) throw new InputError(`${file.path} ${problem}`);
  return map;
}

/**
 * Reads a map as the file has it, to show it. `pixelSizeAngstrom` is 0 where the header names no cell.
 * @throws InputError when the file is truncated, an image stack, or has voxels that are no cubes.
 */
export async function readStoredMap(file: DataFile): Promise<Volume> {
  const { path } = file;
  return withFile(file, async (open) => {
    const header = await headerOf(open, path);
    checkLength(open, header, path, "section");
    const { columns, rows, sections, axisOrder } = header;
    if (sections === 1) throw new InputError(`${path} is a single ${columns} x ${rows} image where a volume is needed`);
    const cubic = columns === rows && rows === sections;
    if (columns * rows * sections > mostVoxels)
      throw new InputError(
        `${path} has ${columns} x ${rows} x ${sections} voxels; at most ${mostVoxels} can be read: crop or bin it`,
      );
    if (isStackName(path) || header.spaceGroup >= 401 || (header.spaceGroup === 0 && !cubic)) {
      throw new InputError(`${path} is a stack (${sections} images of ${columns} x ${rows}) where a volume is needed`);
    }
    const stored: [number, number, number] = [columns, rows, sections];
    const sizeAlong = (axis: number) => stored[axisOrder.indexOf(axis)]!;
    const shape: [number, number, number] = [sizeAlong(3), sizeAlong(2), sizeAlong(1)];
    const strideAlong = [1, shape[2], shape[2] * shape[1]];
    const [columnStride, rowStride, sectionStride] = axisOrder.map((axis) => strideAlong[axis - 1]!) as [
      number,
      number,
      number,
    ];

    const data = new Float32Array(columns * rows * sections);
    const sectionSize = columns * rows;
    const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / (4 * sectionSize)));
    const inOrder = axisOrder.join() === "1,2,3";
    for (let first = 0; first < sections; first += perChunk) {
      const count = Math.min(perChunk, sections - first);
      const offset = header.dataOffset + first * sectionSize * header.bytesPerPixel;
      if (inOrder) {
        await readPixels(open, header, offset, data.subarray(first * sectionSize, (first + count) * sectionSize), path);
        continue;
      }
      const chunk = new Float32Array(count * sectionSize);
      await readPixels(open, header, offset, chunk, path);
      for (let s = 0, from = 0; s < count; s++) {
        for (let r = 0; r < rows; r++) {
          let to = (first + s) * sectionStride + r * rowStride;
          for (let c = 0; c < columns; c++, to += columnStride) data[to] = chunk[from++]!;
        }
      }
    }
    return {
      data,
      shape,
      pixelSizeAngstrom: isotropicPixelSize(header, 3, path),
      originAngstrom: header.originAngstrom,
    };
  });
}

/**
 * Writes a volume (mode 2, little-endian, ISPG 1, statistics filled) and renames it into place.
 * @param label first text label of the header, ASCII, at most 80 characters.
 * @throws InputError when the disk is full or the folder cannot be written; Error when a voxel is not finite.
 */
export async function writeMap(file: DataFile, volume: Volume, label = "cryogan"): Promise<void> {
  const [sections, rows, columns] = volume.shape;
  if (volume.data.length !== sections * rows * columns) {
    throw new RangeError(`volume of shape ${volume.shape.join(" x ")} has ${volume.data.length} voxels`);
  }
  const header = encodeMapHeader(volume, label);
  await writeThenRename(file, async (begun) => {
    await begun.write(header, 0);
    await begun.write(bytesOf(volume.data), HEADER_BYTES);
  });
}

/** An open image stack; images stay on disk. */
export interface ImageStack {
  count: number;
  height: number;
  width: number;
  /** 0 where the header names no cell. */
  pixelSizeAngstrom: number;
  /**
   * Reads the images with these 0-based indices into `out` (row-major, `height * width` each): one after the other, or
   * each in its own of `places`. What is consecutive is read at once, and all is asked for before any is waited for, so
   * that it comes while the script is busy.
   */
  read(indices: ArrayLike<number>, out: Float32Array, places?: ArrayLike<number>): Promise<void>;
  /** Closes the file. */
  close(): Promise<void>;
}

/**
 * Opens an image stack (`.mrcs`, or `.mrc` holding images).
 * @throws InputError when the file is truncated or is a volume (not named .mrcs, cubic, ISPG 1).
 */
export async function openStack(file: DataFile): Promise<ImageStack> {
  const { path } = file,
    open = await file.open();
  try {
    const header = await headerOf(open, path);
    checkIsStack(header, path);
    if (header.columns * header.rows > mostPixels)
      throw new InputError(
        `${path} has images of ${header.columns} x ${header.rows} pixels; at most ${mostPixels} each can be read`,
      );
    checkLength(open, header, path, "image");
    return {
      count: header.sections,
      height: header.rows,
      width: header.columns,
      pixelSizeAngstrom: isotropicPixelSize(header, 2, path),
      read: (indices, out, places) => readImages(open, header, path, indices, out, places),
      close: () => open.close(),
    };
  } catch (error) {
    await open.close();
    throw error;
  }
}

async function readImages(
  open: OpenFile,
  header: MrcHeader,
  path: string,
  indices: ArrayLike<number>,
  out: Float32Array,
  places?: ArrayLike<number>,
): Promise<void> {
  const size = header.columns * header.rows,
    placeOf = (i: number): number => places?.[i] ?? i;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if ((placeOf(i) + 1) * size > out.length)
      throw new RangeError(`${placeOf(i) + 1} images of ${size} pixels do not fit ${out.length}`);
    if (!Number.isInteger(index) || index < 0 || index >= header.sections) {
      throw new InputError(`${path} holds ${header.sections} images; there is no image ${index + 1}`);
    }
  }
  const longestRun = Math.max(1, Math.floor(CHUNK_BYTES / (size * header.bytesPerPixel))),
    follows = (i: number): boolean => indices[i] === indices[i - 1]! + 1 && placeOf(i) === placeOf(i - 1) + 1;
  const reads: Promise<void>[] = [];
  for (let start = 0; start < indices.length; ) {
    let end = start + 1;
    while (end < indices.length && end - start < longestRun && follows(end)) end++;
    const offset = header.dataOffset + indices[start]! * size * header.bytesPerPixel,
      first = placeOf(start) * size;
    reads.push(readPixels(open, header, offset, out.subarray(first, first + (end - start) * size), path));
    start = end;
  }
  // None writes into `out`, or needs the file, after the call.
  for (const read of await Promise.allSettled(reads)) if (read.status === "rejected") throw read.reason;
}

/**
 * Writes an image stack (ISPG 0) in float32 (mode 2) or float16 (mode 12) and renames it into place. Where anything
 * fails, the giver of images too, a file of that name from before stays.
 * @param batches whole images, row-major, taken one batch after the other
 * @throws InputError when the disk is full or the folder cannot be written, or a pixel does not fit float16;
 * Error when a pixel is not finite or there is no image
 */
export async function writeStack(
  file: DataFile,
  options: { width: number; height: number; pixelSizeAngstrom: number; mode: 2 | 12 },
  batches: AsyncIterable<Float32Array> | Iterable<Float32Array>,
): Promise<void> {
  const { width, height, pixelSizeAngstrom, mode } = options;
  const statistics = new RunningStatistics();
  let sections = 0;
  let position = HEADER_BYTES;
  await writeThenRename(file, async (begun) => {
    for await (const images of batches) {
      const count = images.length / (width * height);
      if (!Number.isInteger(count))
        throw new RangeError(`${images.length} pixels are no whole number of ${width} x ${height} images`);
      const bytes = mode === 2 ? bytesOf(images) : encodeHalves(images, file.path);
      statistics.add(mode === 2 ? images : decodePixels(bytes, mode, new Float32Array(images.length)));
      await begun.write(bytes, position);
      position += bytes.length;
      sections += count;
    }
    if (sections === 0) throw new Error(`no image was written to ${file.path}`);
    const header = encodeMrcHeader({
      columns: width,
      rows: height,
      sections,
      mode,
      pixelSizeAngstrom,
      originAngstrom: [0, 0, 0],
      isStack: true,
      statistics: statistics.result(),
      label: "cryogan",
    });
    await begun.write(header, 0);
  });
}

async function headerOf(open: OpenFile, path: string): Promise<MrcHeader> {
  const bytes = new Uint8Array(HEADER_BYTES);
  const found = await open.read(bytes, 0);
  return parseMrcHeader(bytes.subarray(0, found), path);
}

function isStackName(path: string): boolean {
  return path.toLowerCase().endsWith(".mrcs");
}

/** ISPG alone does not tell: many programs write 1 for stacks. The name decides, then the shape. */
function checkIsStack(header: MrcHeader, path: string): void {
  const { columns, rows, sections, spaceGroup, axisOrder } = header;
  const cubic = columns === rows && rows === sections && sections > 1;
  if (!isStackName(path) && (spaceGroup >= 401 || (spaceGroup >= 1 && cubic))) {
    throw new InputError(
      `${path} is a volume (${columns} x ${rows} x ${sections}) where an image stack is needed; ` +
        "name it .mrcs if it is a stack",
    );
  }
  if (axisOrder.join() !== "1,2,3") {
    throw new InputError(
      `${path} is no usable image stack: its axis order (MAPC, MAPR, MAPS) is ${axisOrder.join(", ")}`,
    );
  }
}

function checkLength({ size: found }: OpenFile, header: MrcHeader, path: string, unit: "image" | "section"): void {
  const unitBytes = header.columns * header.rows * header.bytesPerPixel;
  const expected = header.dataOffset + unitBytes * header.sections;
  if (found >= expected) return;
  const whole = Math.max(0, Math.floor((found - header.dataOffset) / unitBytes));
  const last = whole === 0 ? `no ${unit} is whole` : `the last whole ${unit} is number ${whole}`;
  throw new InputError(
    `${path} is truncated: ${header.sections} ${unit}s need ${expected} bytes, the file holds ${found}; ` +
      `${last}; copy or write it anew`,
  );
}

/** Pixel size common to the first `dimensions` axes. */
function isotropicPixelSize(header: MrcHeader, dimensions: 2 | 3, path: string): number {
  const sizes = header.pixelSizeAngstrom.slice(0, dimensions);
  const first = sizes[0]!;
  if (sizes.some((size) => Math.abs(size - first) > 1e-3 * first)) {
    throw new InputError(`${path} has pixels that are not square: ${sizes.map((s) => s.toPrecision(5)).join(" x ")} Å`);
  }
  return first;
}

/** Reads `out.length` pixels from byte `offset` of the file and converts them to float32. */
async function readPixels(
  open: OpenFile,
  header: MrcHeader,
  offset: number,
  out: Float32Array,
  path: string,
): Promise<void> {
  const direct = header.mode === 2;
  const bytes = direct ? bytesOf(out) : new Uint8Array(out.length * header.bytesPerPixel);
  const found = await open.read(bytes, offset);
  if (found < bytes.length) throw new InputError(`${path} became shorter while it was read`);
  if (!header.littleEndian) swapBytes(bytes, header.bytesPerPixel);
  if (header.unsignedBytes) out.set(bytes);
  else if (!direct) decodePixels(bytes, header.mode, out);
}

// Typed arrays below are little-endian, as is every machine ONNX Runtime for Node is built for.

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) {
    for (let i = start, j = start + width - 1; i < j; i++, j--) {
      const held = bytes[i]!;
      bytes[i] = bytes[j]!;
      bytes[j] = held;
    }
  }
}

function decodePixels(bytes: Uint8Array, mode: number, out: Float32Array): Float32Array {
  if (mode === 0) out.set(new Int8Array(bytes.buffer));
  else if (mode === 1) out.set(new Int16Array(bytes.buffer));
  else {
    const words = new Uint16Array(bytes.buffer);
    if (mode === 6) out.set(words);
    else for (let i = 0; i < words.length; i++) out[i] = HALF_VALUES[words[i]!]!;
  }
  return out;
}

function encodeHalves(values: Float32Array, path: string): Uint8Array {
  const words = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const word = halfBits(values[i]!);
    if ((word & 0x7fff) === 0x7c00)
      throw new InputError(`cannot write ${path}: pixel value ${values[i]} does not fit float16; use float32`);
    words[i] = word;
  }
  return new Uint8Array(words.buffer);
}
