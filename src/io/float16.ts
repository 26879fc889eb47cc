/** IEEE 754 half precision (MRC mode 12); Node 20 has no Float16Array. */

/** Value of every half-precision bit pattern. */
export const HALF_VALUES: Float32Array = tabulate();

function tabulate(): Float32Array {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0x1f) table[bits] = fraction ? NaN : sign * Infinity;
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return table;
}

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** Bits of the half nearest to `value` (ties to even); beyond ±65504 infinity. */
export function halfBits(value: number): number {
  float[0] = value;
  const bits = floatBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // not a number
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 2^16 and more
  if (magnitude < 0x38800000) {
    // Below 2^-14 a half counts in steps of 2^-24; adding and taking away 2^52 rounds to the nearest even step.
    return sign | (Math.abs(float[0]) * 2 ** 24 + 2 ** 52 - 2 ** 52);
  }
  const toEven = 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((magnitude + toEven - 0x38000000) >>> 13);
}
