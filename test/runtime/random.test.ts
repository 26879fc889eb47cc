import { describe, expect, it } from "vitest";
import { createStream, murmurHash3 } from "../../src/runtime/random.ts";

/** Pearson's statistic of counts against expected counts. */
function chiSquare(counts: ArrayLike<number>, expected: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += (counts[i]! - expected[i]!) ** 2 / expected[i]!;
  return sum;
}

/** Five standard deviations above the mean of a chi-square with many degrees of freedom. */
const limit = (degrees: number) => degrees + 5 * Math.sqrt(2 * degrees);

/** Standard normal distribution function by Simpson's rule from 0 (independent of how the stream draws). */
function normalBelow(x: number): number {
  const steps = 2000;
  const h = x / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) sum += (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2) * Math.exp(-0.5 * (i * h) ** 2);
  return 0.5 + (sum * h) / 3 / Math.sqrt(2 * Math.PI);
}

describe("the generator", () => {
  it("gives the published outputs of xoshiro128** 1.1 from state 1, 2, 3, 4", () => {
    // As the Rust crate rand_xoshiro tests them, made there with the authors' C file.
    const stream = createStream(0, "any");
    stream.restore([1, 2, 3, 4]);
    expect(Array.from({ length: 10 }, () => stream.integer(2 ** 32))).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it("hashes as published for MurmurHash3 x86_32", () => {
    const hash = (text: string, seed: number) => murmurHash3(new TextEncoder().encode(text), seed);
    expect(hash("", 0)).toBe(0);
    expect(hash("", 1)).toBe(0x514e28b7);
    expect(hash("", 0xffffffff)).toBe(0x81f16f39);
    expect(hash("test", 0)).toBe(0xba6bd213);
    expect(hash("test", 0x9747b28c)).toBe(0x704b81dc);
    expect(hash("Hello, world!", 0)).toBe(0xc0363e43);
    expect(hash("Hello, world!", 0x9747b28c)).toBe(0x24884cba);
    expect(hash("The quick brown fox jumps over the lazy dog", 0)).toBe(0x2e4ff723);
  });

  it("repeats for the same seed and name and is unrelated otherwise", () => {
    const draw = (seed: number, name: string) => {
      const out = new Float32Array(20000);
      createStream(seed, name).fillNormal(out);
      return out;
    };
    const first = draw(1, "poses");
    expect(draw(1, "poses")).toEqual(first);
    for (const other of [draw(2, "poses"), draw(1, "noise"), draw(11, "poses"), draw(1, "poses ")]) {
      let correlation = 0;
      for (let i = 0; i < first.length; i++) correlation += (first[i]! * other[i]!) / first.length;
      expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(first.length));
    }
  });

  it("refuses a seed that is not an integer", () => {
    expect(() => createStream(0.5, "x")).toThrow(RangeError);
    expect(() => createStream(NaN, "x")).toThrow(RangeError);
  });
});

describe("state", () => {
  it("continues exactly from the middle of a sequence, whatever was drawn before", () => {
    const stream = createStream(7, "state");
    for (let drawn = 0; drawn < 50; drawn++) {
      stream.normal();
      const saved = JSON.parse(JSON.stringify(stream.state())) as number[];
      const draw = (s: typeof stream) => [s.normal(), s.uniform(), s.integer(10), s.normal(), ...s.permutation(5)];
      const expected = draw(stream);
      const other = createStream(99, "other");
      other.normal();
      other.restore(saved);
      expect(draw(other)).toEqual(expected);
    }
  });

  it("refuses what is not a state", () => {
    const stream = createStream(7, "state");
    for (const bad of [[], [1, 2, 3], [0, 0, 0, 0], [1, 2, 3, -1], [1, 2, 3, 2 ** 32], [1, 2, 3, 0.5]]) {
      expect(() => stream.restore(bad)).toThrow(RangeError);
    }
  });
});

describe("uniform", () => {
  it("fills 0..1 evenly, alone and as an array", () => {
    const stream = createStream(3, "uniform");
    const array = new Float32Array(200000);
    stream.fillUniform(array);
    const single = Float64Array.from({ length: 200000 }, () => stream.uniform());
    for (const values of [array, single]) {
      const counts = new Float64Array(100);
      for (const u of values) {
        if (!(u >= 0 && u < 1)) throw new Error(`${u} is outside [0, 1)`);
        counts[Math.floor(u * 100)]!++;
      }
      expect(chiSquare(counts, new Float64Array(100).fill(2000))).toBeLessThan(limit(99));
    }
  });

  it("draws more than 32 bits", () => {
    const stream = createStream(3, "bits");
    const fine = Array.from({ length: 100 }, () => (stream.uniform() * 2 ** 32) % 1);
    expect(fine.filter((f) => f > 0.5).length).toBeGreaterThan(20);
    expect(fine.filter((f) => f > 0.5).length).toBeLessThan(80);
  });
});

describe("integer and permutation", () => {
  it("draws each integer equally often, also where 2^32 is no multiple of n", () => {
    const stream = createStream(4, "integer");
    const counts = new Float64Array(7);
    for (let i = 0; i < 70000; i++) counts[stream.integer(7)]!++;
    expect(chiSquare(counts, new Float64Array(7).fill(10000))).toBeLessThan(limit(6));
    // With n = 3·2^30 a plain remainder would give the lowest third one half of all draws.
    let low = 0;
    for (let i = 0; i < 30000; i++) if (stream.integer(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low - 10000)).toBeLessThan(500);
    expect(stream.integer(1)).toBe(0);
    for (const bad of [0, -1, 1.5, 2 ** 32 + 1]) expect(() => stream.integer(bad)).toThrow(RangeError);
  });

  it("draws each of the 24 orders of four equally often", () => {
    const stream = createStream(5, "permutation");
    const counts = new Map<string, number>();
    for (let i = 0; i < 24000; i++) {
      const order = stream.permutation(4).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquare([...counts.values()], new Float64Array(24).fill(1000))).toBeLessThan(limit(23));
    expect(stream.permutation(0).length).toBe(0);
  });
});

describe("normal", () => {
  const count = 1_000_000;
  const values = new Float32Array(count);
  createStream(6, "normal").fillNormal(values);

  it("has the moments of the normal distribution", () => {
    const moments = [0, 0, 0, 0, 0, 0, 0];
    for (const x of values) for (let k = 1; k <= 6; k++) moments[k]! += x ** k / count;
    // Expected E x^k = 0, 1, 0, 3, 0, 15; the spread of a mean of x^k is sqrt((E x^2k - (E x^k)²) / count).
    [0, 1, 0, 3, 0, 15].forEach((expected, index) => {
      const variance = [1, 2, 15, 96, 945, 10170][index];
      expect(Math.abs(moments[index + 1]! - expected)).toBeLessThan(5 * Math.sqrt(variance! / count));
    });
  });

  it("fills the bins of the normal distribution, tails included", () => {
    const edges = Array.from({ length: 81 }, (_, i) => -4 + i * 0.1);
    const below = [0, ...edges.map(normalBelow), 1];
    const expected = below.slice(1).map((p, i) => (p - below[i]!) * count);
    const counts = new Float64Array(expected.length);
    for (const x of values) counts[Math.min(81, Math.max(0, Math.floor((x + 4) / 0.1) + 1))]!++;
    expect(chiSquare(counts, expected)).toBeLessThan(limit(expected.length - 1));
  });

  it("reaches beyond the start of the ziggurat's tail as often as it should, on both sides", () => {
    const expected = count * (1 - normalBelow(3.442619855899));
    for (const sign of [-1, 1]) {
      const beyond = values.filter((x) => sign * x > 3.442619855899).length;
      expect(Math.abs(beyond - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  it("has no correlation between neighbours", () => {
    let sum = 0;
    for (let i = 1; i < count; i++) sum += values[i]! * values[i - 1]!;
    expect(Math.abs(sum / count)).toBeLessThan(5 / Math.sqrt(count));
  });

  it("draws the same numbers one at a time", () => {
    const stream = createStream(6, "normal");
    for (let i = 0; i < 1000; i++) expect(Math.fround(stream.normal())).toBe(values[i]);
  });
});
