/** Files of other kinds than the one expected, told by their first bytes. */
import { InputError } from "../base/errors.ts";

const compressed: [program: string, ...magic: number[]][] = [
  ["gunzip", 0x1f, 0x8b],
  ["bunzip2", 0x42, 0x5a, 0x68],
  ["unzstd", 0x28, 0xb5, 0x2f, 0xfd],
  ["unxz", 0xfd, 0x37, 0x7a, 0x58, 0x5a],
  ["unlz4", 0x04, 0x22, 0x4d, 0x18],
  ["uncompress", 0x1f, 0x9d],
  ["unzip", 0x50, 0x4b, 0x03, 0x04],
];
const otherKinds: [words: string, ...magic: number[]][] = [
  ["an HDF5 file; convert it to MRC (e2proc2d.py)", 0x89, 0x48, 0x44, 0x46],
  ["a TIFF file; convert it to MRC (tif2mrc)", 0x49, 0x49, 0x2a, 0x00],
  ["a TIFF file; convert it to MRC (tif2mrc)", 0x4d, 0x4d, 0x00, 0x2a],
  ["UTF-16 text; save it as UTF-8", 0xff, 0xfe],
  ["UTF-16 text; save it as UTF-8", 0xfe, 0xff],
];

const begins = (bytes: Uint8Array, magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);

/** Whether these are the first bytes of a gzip file. */
export const isGzip = (bytes: Uint8Array): boolean => begins(bytes, [0x1f, 0x8b]);

/** @throws InputError when the bytes begin a compressed file, or one of a kind that is not read, and what to do. */
export function refuseForeign(bytes: Uint8Array, file: string): void {
  for (const [program, ...magic] of compressed)
    if (begins(bytes, magic)) throw new InputError(`${file} is compressed; unpack it with ${program}`);
  for (const [words, ...magic] of otherKinds) if (begins(bytes, magic)) throw new InputError(`${file} is ${words}`);
}
