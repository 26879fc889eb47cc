import { formatCount, formatNumber, formatTable } from "../../base/format.ts";
import type { Volume } from "../../base/types.ts";
import { axisProjection, centralSlice } from "../../evaluate/volumeImages.ts";
import { disk } from "../../io/disk.ts";
import type { GrayImage } from "../../io/grayImage.ts";
import { mapProblem } from "../../io/mapCheck.ts";
import { type MrcHeader, openStack, readMrcHeader, readStoredMap } from "../../io/mrc.ts";
import {
  imagesThatFit,
  type PixelStatistics,
  pixelStatistics,
  splitImages,
  spreadIndices,
} from "../../reconstruct/measure/pixels.ts";
import { statisticsRows } from "./text.ts";

/** What `inspect` tells of an MRC file, as --json prints it. */
export type MrcSummary =
  | {
      kind: "map";
      file: string;
      mode: string;
      shape: [nz: number, ny: number, nx: number];
      pixelSizeAngstrom: number;
      originAngstrom: [number, number, number];
      labels: string[];
      voxels: PixelStatistics;
      /** Why no command computes with this map; absent where it is sound. */
      problem?: string;
    }
  /** Pixel statistics are of images spread evenly over the stack. */
  | {
      kind: "stack";
      file: string;
      mode: string;
      images: number;
      width: number;
      height: number;
      pixelSizeAngstrom: number;
      labels: string[];
      pixels: PixelStatistics & { images: number };
    };

const imagesSampled = 64;
const modeNames: Record<number, string> = { 0: "int8", 1: "int16", 2: "float32", 6: "uint16", 12: "float16" };

/** The file's name decides, then its shape and ISPG: many programs write ISPG 1 for stacks, and 0 for volumes. */
function isMap(path: string, { columns, rows, sections, spaceGroup }: MrcHeader): boolean {
  const cubic = columns === rows && rows === sections;
  return !path.toLowerCase().endsWith(".mrcs") && sections > 1 && spaceGroup < 401 && (spaceGroup > 0 || cubic);
}

/**
 * Summary of an MRC file, and on request up to `imageCount` images to look at: the first of a stack, or the central
 * slices across z, y, x and the projections along z, y, x of a map.
 * @throws InputError when the file cannot be read
 */
export async function summarizeMrc(
  path: string,
  imageCount: number,
): Promise<{ summary: MrcSummary; images: GrayImage[] }> {
  const header = await readMrcHeader(disk.at(path));
  const mode = header.unsignedBytes ? "uint8" : (modeNames[header.mode] ?? String(header.mode));
  const common = { file: path, mode, labels: header.labels };
  if (isMap(path, header)) {
    const map = await readStoredMap(disk.at(path));
    const { shape, pixelSizeAngstrom, originAngstrom } = map;
    const problem = mapProblem(map);
    const voxels = pixelStatistics(map.data);
    return {
      summary: {
        kind: "map",
        ...common,
        shape,
        pixelSizeAngstrom,
        originAngstrom,
        voxels,
        ...(problem && { problem }),
      },
      images: imageCount > 0 ? mapImages(map) : [],
    };
  }
  const stack = await openStack(disk.at(path));
  try {
    const { count, width, height, pixelSizeAngstrom } = stack;
    const read = async (indices: number[]) => {
      const pixels = new Float32Array(indices.length * width * height);
      await stack.read(indices, pixels);
      return pixels;
    };
    // Stacks of whole micrographs are stacks, too.
    const most = imagesThatFit(imagesSampled, width, height);
    const sampled = spreadIndices(count, most);
    const pixels = { images: sampled.length, ...pixelStatistics(await read(sampled)) };
    const first = Array.from({ length: Math.min(count, imageCount, most) }, (_, i) => i);
    return {
      summary: { kind: "stack", ...common, images: count, width, height, pixelSizeAngstrom, pixels },
      images: splitImages(await read(first), width, height),
    };
  } finally {
    await stack.close();
  }
}

const axes = ["z", "y", "x"] as const;
const mapImages = (map: Volume) => [
  ...axes.map((axis) => centralSlice(map, axis)),
  ...axes.map((axis) => axisProjection(map, axis)),
];

export function mrcText(summary: MrcSummary): string {
  const pixelSize =
    summary.pixelSizeAngstrom > 0 ? `${formatNumber(summary.pixelSizeAngstrom, 4)} Å` : "not in the header";
  const labels = summary.labels.filter((label) => label.trim() !== "").map((label) => ["Label", label.trim()]);
  const rows: string[][] =
    summary.kind === "map"
      ? [
          ["Map", `${summary.shape.toReversed().join(" x ")} voxels (x, y, z), ${summary.mode}`],
          ["Voxel size", pixelSize],
          ["Origin", `${summary.originAngstrom.map((x) => formatNumber(x, 4)).join(", ")} Å`],
          ...statisticsRows(summary.voxels, "Density"),
          ...(summary.problem === undefined ? [] : [["Problem", summary.problem]]),
        ]
      : [
          [
            "Stack",
            `${formatCount(summary.images)} images of ${summary.width} x ${summary.height} pixels, ${summary.mode}`,
          ],
          ["Pixel size", pixelSize],
          ...statisticsRows(summary.pixels, `Pixels of ${summary.pixels.images} images`),
        ];
  return `${summary.file}\n${formatTable([...rows, ...labels], "  ")}`;
}
