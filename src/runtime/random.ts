/**
 * Random numbers. Every draw of the program comes from a named stream of one seed, so that adding a draw in one
 * place does not shift the numbers of another, and a checkpoint can store where each stream stands.
 *
 * Generator: xoshiro128** 1.1 (Blackman & Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 2021,
 * https://prng.di.unimi.it/xoshiro128starstar.c). Seeding: MurmurHash3 x86_32 (Appleby) of "seed/name".
 * Normal variates: ziggurat of 128 layers (Marsaglia & Tsang 2000), with the layer, the sign and the abscissa taken
 * from separate bits (Doornik 2005, "An improved ziggurat method").
 */
export interface RandomStream {
  /** Uniform in [0, 1), 53 random bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer in 0 .. n-1, without modulo bias; 1 <= n <= 2^32. */
  integer(n: number): number;
  /** Fills `out` with uniform numbers in [0, 1), 24 random bits each (never rounded up to 1). */
  fillUniform(out: Float32Array): void;
  /** Fills `out` with standard normal numbers. */
  fillNormal(out: Float32Array): void;
  /** A uniformly random order of 0 .. n-1 (Fisher-Yates). */
  permutation(n: number): Int32Array;
  /** The whole state: four unsigned 32-bit words. Draws cache nothing, so this is exact between any two draws. */
  state(): number[];
  /** Continues from a state that `state()` returned. Throws RangeError if it is not one. */
  restore(state: readonly number[]): void;
}

/**
 * The stream called `name` of the seed. The same pair gives the same numbers on every machine; different pairs give
 * unrelated numbers. `seed` is an integer of at most 53 bits (RangeError otherwise).
 */
export function createStream(seed: number, name: string): RandomStream {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`random seed ${seed} is not an integer`);
  const key = new TextEncoder().encode(`${seed}/${name}`);
  const words = Int32Array.from([0, 1, 2, 3], (hashSeed) => murmurHash3(key, hashSeed) | 0);
  if (words.every((word) => word === 0)) words[0] = 1; // the one state that xoshiro cannot leave

  const uniform = () => {
    const high = nextWord(words) >>> 5; // 27 bits
    const low = nextWord(words) >>> 6; // 26 bits
    return (high * 2 ** 26 + low) * 2 ** -53;
  };
  const normal = () => drawNormal(words, uniform);
  const integer = (n: number) => {
    if (!(Number.isInteger(n) && n >= 1 && n <= 2 ** 32))
      throw new RangeError(`integer(n) needs 1 <= n <= 2^32, got ${n}`);
    const limit = 2 ** 32 - (2 ** 32 % n); // the largest multiple of n: words beyond it would favour small results
    for (;;) {
      const word = nextWord(words) >>> 0;
      if (word < limit) return word % n;
    }
  };

  return {
    uniform,
    normal,
    integer,
    fillUniform(out) {
      for (let i = 0; i < out.length; i++) out[i] = (nextWord(words) >>> 8) * 2 ** -24;
    },
    fillNormal(out) {
      for (let i = 0; i < out.length; i++) out[i] = drawNormal(words, uniform);
    },
    permutation(n) {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = integer(i + 1);
        const held = order[i]!;
        order[i] = order[j]!;
        order[j] = held;
      }
      return order;
    },
    state: () => Array.from(words, (word) => word >>> 0),
    restore(state) {
      const valid = state.length === 4 && state.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32);
      if (!valid || state.every((word) => word === 0)) throw new RangeError("not the state of a random stream");
      for (let i = 0; i < 4; i++) words[i] = state[i]! | 0;
    },
  };
}

/** One step of xoshiro128**: 32 random bits as a signed integer; `s` is the state, changed in place. */
function nextWord(s: Int32Array): number {
  const s1 = s[1]!;
  const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9);
  const s2 = s[2]! ^ s[0]!;
  const s3 = s[3]! ^ s1;
  s[1] = s1 ^ s2;
  s[0] = s[0]! ^ s3;
  s[2] = s2 ^ (s1 << 9);
  s[3] = rotateLeft(s3, 11);
  return result;
}

function rotateLeft(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

/** Where the tail of the ziggurat starts, and the area of each of its 128 layers (Marsaglia & Tsang 2000, p. 5). */
const tailStart = 3.442619855899;
const layerArea = 9.91256303526217e-3;
const layerEdge = ziggurat();

/**
 * Right edges of the layers, x[0] > x[1] > ... > x[128] = 0, for the density exp(-x²/2); x[0] stands for the base with
 * its tail.
 */
function ziggurat(): Float64Array {
  const x = new Float64Array(129);
  x[0] = layerArea / Math.exp(-0.5 * tailStart ** 2);
  x[1] = tailStart;
  for (let i = 2; i < 128; i++)
    x[i] = Math.sqrt(-2 * Math.log(layerArea / x[i - 1]! + Math.exp(-0.5 * x[i - 1]! ** 2)));
  return x;
}

function drawNormal(words: Int32Array, uniform: () => number): number {
  for (;;) {
    const word = nextWord(words);
    const layer = word & 127;
    // 25 bits, symmetric about 0 and never 0: one for the sign, 24 for the abscissa.
    const x = ((word >> 7) + 0.5) * 2 ** -24 * layerEdge[layer]!;
    if (Math.abs(x) < layerEdge[layer + 1]!) return x;
    if (layer === 0) return x < 0 ? -drawTail(uniform) : drawTail(uniform);
    const inner = Math.exp(-0.5 * layerEdge[layer + 1]! ** 2);
    const outer = Math.exp(-0.5 * layerEdge[layer]! ** 2);
    if (outer + uniform() * (inner - outer) < Math.exp(-0.5 * x * x)) return x;
  }
}

/** A normal variate known to be beyond `tailStart` (Marsaglia 1964). */
function drawTail(uniform: () => number): number {
  for (;;) {
    const x = -Math.log(1 - uniform()) / tailStart;
    const y = -Math.log(1 - uniform());
    if (2 * y > x * x) return tailStart + x;
  }
}

/** MurmurHash3_x86_32 (Appleby, public domain) of the bytes, unsigned. */
export function murmurHash3(bytes: Uint8Array, seed: number): number {
  const mix = (k: number) => Math.imul(rotateLeft(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593);
  const blocks = bytes.length >> 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let h = seed | 0;
  for (let i = 0; i < blocks; i++)
    h = (Math.imul(rotateLeft(h ^ mix(view.getInt32(4 * i, true)), 13), 5) + 0xe6546b64) | 0;
  let tail = 0;
  for (let i = bytes.length - 1; i >= 4 * blocks; i--) tail = (tail << 8) | bytes[i]!;
  h ^= mix(tail) ^ bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
