/** Masks given as maps: 1 where there may be density, 0 where there is none, anything between at a soft edge. */
import { InputError } from "../base/errors.ts";
import type { DataFile } from "../base/files.ts";
import type { Volume } from "../base/types.ts";
import { voxelName } from "./mapCheck.ts";
import { readMap } from "./mrc.ts";

/** Rounding of programs that filter their masks. */
const tolerance = 1e-3;

/**
 * Reads a mask. Values that miss 0 to 1 by a thousandth are cut off.
 * @throws InputError when the file is no map, its box no cube, a value NaN or outside 0 to 1, or every value 0.
 */
export async function readMask(file: DataFile): Promise<Volume> {
  const { path } = file,
    mask = await readMap(file, { mayBeConstant: true });
  const [nz, ny, nx] = mask.shape;
  if (nz !== ny || ny !== nx)
    throw new InputError(`${path} has ${nx} x ${ny} x ${nz} voxels; a mask needs a cubic box: pad or crop it`);
  const wrong = mask.data.findIndex((v) => !(v >= -tolerance && v <= 1 + tolerance));
  if (wrong >= 0) {
    throw new InputError(
      `${path} is no mask: voxel ${voxelName(wrong, mask.shape)} is ${mask.data[wrong]}, ` +
        "and masks go from 0 to 1; make one with relion_mask_create",
    );
  }
  if (!mask.data.some((v) => v > 0.5)) throw new InputError(`${path} is an empty mask: no voxel is above 0.5`);
  return { ...mask, data: mask.data.map((v) => Math.min(1, Math.max(0, v))) };
}

/**
 * A cubic mask on another cubic grid, centre voxel floor(n/2) on centre voxel: each new voxel takes the mean, over its
 * own extent, of the linear interpolation between the old voxels. So it stays within 0 to 1, and a coarser grid gets
 * the share of each voxel inside. Outside of its own box a mask is 0. On its own grid it stays as it is.
 *
 * @returns [boxSize]³
 */
export function maskOnGrid(mask: Volume, boxSize: number, pixelSizeAngstrom: number): Float32Array {
  const n = mask.shape[0],
    step = pixelSizeAngstrom / mask.pixelSizeAngstrom;
  if (n === boxSize && Math.abs(step - 1) < 1e-3) return mask.data;
  const weights = axisWeights(n, boxSize, step);
  let data = mask.data;
  // Along x, y and z in turn; the axis done becomes the slowest, so that after three all are in their old order.
  for (let axis = 0; axis < 3; axis++) {
    const rows = data.length / n,
      out = new Float32Array(boxSize * rows);
    weights.forEach(({ first, values }, a) => {
      for (let row = 0; row < rows; row++) {
        let sum = 0;
        for (let k = 0; k < values.length; k++) sum += values[k]! * data[row * n + first + k]!;
        out[a * rows + row] = sum;
      }
    });
    data = out;
  }
  return data;
}

/**
 * For each of the new voxels of an axis, `step` old ones wide, the old ones from `first` on that it is made of, and how
 * much of each.
 */
function axisWeights(n: number, boxSize: number, step: number): { first: number; values: number[] }[] {
  return Array.from({ length: boxSize }, (_, a) => {
    const middle = (a - Math.floor(boxSize / 2)) * step + Math.floor(n / 2),
      low = middle - step / 2,
      high = middle + step / 2;
    const first = Math.max(0, Math.floor(low)),
      last = Math.min(n - 1, Math.ceil(high));
    const values = Array.from(
      { length: Math.max(0, last - first + 1) },
      (_, k) => (triangleIntegral(high - first - k) - triangleIntegral(low - first - k)) / step,
    );
    return { first, values };
  });
}

/** ∫ max(0, 1 - |t|) dt from -∞ to x. */
function triangleIntegral(x: number): number {
  if (x <= -1) return 0;
  if (x >= 1) return 1;
  return x < 0 ? (1 + x) ** 2 / 2 : 1 - (1 - x) ** 2 / 2;
}
