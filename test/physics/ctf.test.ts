import { describe, expect, it } from "vitest";
import type { Optics } from "../../src/base/types.ts";
import { contrastTransfer, ctf, ctfInputs, ctfParameters, electronWavelengthAngstrom } from "../../src/physics/ctf.ts";
import type { FrequencyGrid } from "../../src/physics/frequencies.ts";
import { evaluate } from "./analytic.ts";

const degree = Math.PI / 180;

interface Settings {
  u: number;
  v?: number;
  angle?: number;
  kv?: number;
  cs?: number;
  w?: number;
  phase?: number;
  b?: number;
  flipped?: number;
}

function opticsOf(list: Settings[]): Optics {
  const column = (value: (s: Settings) => number) => Float64Array.from(list, value);
  return {
    defocusUAngstrom: column((s) => s.u),
    defocusVAngstrom: column((s) => s.v ?? s.u),
    astigmatismAngle: column((s) => s.angle ?? 0),
    phaseShift: column((s) => s.phase ?? 0),
    voltageKv: column((s) => s.kv ?? 300),
    sphericalAberrationMm: column((s) => s.cs ?? 2.7),
    amplitudeContrast: column((s) => s.w ?? 0),
    bFactorAngstrom2: column((s) => s.b ?? 0),
    phaseFlipped: column((s) => s.flipped ?? 0),
  };
}

/** The CTF of each of several settings at frequencies (1/Å) in one direction (radians). */
async function ctfAt<const List extends Settings[]>(
  list: List,
  frequencies: number[],
  direction = 0,
): Promise<{ [K in keyof List]: number[] }> {
  const edge = 200;
  const grid: FrequencyGrid = {
    count: frequencies.length,
    x: Float64Array.from(frequencies, (s) => s * edge * Math.cos(direction)),
    y: Float64Array.from(frequencies, (s) => s * edge * Math.sin(direction)),
  };
  const inputs = ctfInputs(list.length),
    fed = ctfParameters(
      opticsOf(list),
      list.map((_, i) => i),
    );
  const feeds = (Object.keys(inputs) as (keyof typeof inputs)[]).map(
    (name) => [name, { tensor: inputs[name], values: fed[name] }] as const,
  );
  const { values } = await evaluate({ values: ctf(inputs, grid, edge) }, Object.fromEntries(feeds));
  return list.map((_, b) => frequencies.map((_, i) => values[i * list.length + b]!)) as { [K in keyof List]: number[] };
}

describe("electron wavelength", () => {
  it.each([
    [100, 0.037014],
    [200, 0.0250793],
    [300, 0.0196875],
  ])("%d kV: %f Å, as tabulated", (kv, wavelength) => {
    expect(electronWavelengthAngstrom(kv) / wavelength).toBeCloseTo(1, 4);
  });

  it("is h / sqrt(2 m e V (1 + eV / 2mc²)) with the CODATA constants", () => {
    const h = 6.62607015e-34,
      m = 9.1093837015e-31,
      e = 1.602176634e-19,
      c = 299792458;
    for (const kv of [80, 120, 200, 300, 1000]) {
      const volts = 1000 * kv;
      const metres = h / Math.sqrt(2 * m * e * volts * (1 + (e * volts) / (2 * m * c * c)));
      // RELION's constants, which are ours, are older: they agree to six parts in a million.
      expect(Math.abs(electronWavelengthAngstrom(kv) / (metres * 1e10) - 1)).toBeLessThan(1e-5);
    }
  });
});

describe("zeros of the CTF", () => {
  /**
   * Wave aberration of the textbook (Reimer & Kohl, Transmission Electron Microscopy, eq. 3.65 with underfocus
   * positive).
   */
  const aberration = (s: number, { u, cs = 2.7, kv = 300 }: Settings) => {
    const wavelength = { 300: 0.0196875, 200: 0.0250793 }[kv]!;
    return Math.PI * (u * wavelength * s ** 2 - 0.5 * cs * 1e7 * wavelength ** 3 * s ** 4);
  };
  /** First frequencies above 0 where sin(aberration + phase) vanishes, by scanning and bisection. */
  const zerosOf = (settings: Settings, phase: number, count: number) => {
    const f = (s: number) => Math.sin(aberration(s, settings) + phase);
    const zeros: number[] = [];
    for (let s = 1e-4; zeros.length < count; s += 1e-4) {
      if (f(s) * f(s + 1e-4) > 0) continue;
      let [low, high] = [s, s + 1e-4];
      for (let i = 0; i < 50; i++) {
        const middle = (low + high) / 2;
        if (f(low) * f(middle) <= 0) high = middle;
        else low = middle;
      }
      zeros.push(low);
    }
    return zeros;
  };

  it.each<[string, Settings, number]>([
    ["1 µm at 300 kV", { u: 10_000 }, 0],
    ["2.5 µm at 200 kV, Cs 2 mm", { u: 25_000, kv: 200, cs: 2 }, 0],
    ["0.5 µm with 7 % amplitude contrast", { u: 5000, w: 0.07 }, Math.asin(0.07)],
    ["overfocus", { u: -8000, cs: 0.01 }, 0],
  ])("%s", async (_, settings, phase) => {
    const zeros = zerosOf(settings, phase, 5);
    const [at] = await ctfAt([settings], zeros);
    const [below] = await ctfAt(
      [settings],
      zeros.map((s) => s - 2e-4),
    );
    const [above] = await ctfAt(
      [settings],
      zeros.map((s) => s + 2e-4),
    );
    at.forEach((value, i) => {
      expect(Math.abs(value)).toBeLessThan(1e-3);
      expect(below[i]! * above[i]!).toBeLessThan(0);
    });
  });

  it("at Scherzer defocus 1.2 sqrt(Cs λ) lies at 1.549 Cs^(-1/4) λ^(-3/4)", async () => {
    const cs = 2.7e7,
      wavelength = 0.0196875;
    const first = 2.4 ** 0.5 * cs ** -0.25 * wavelength ** -0.75;
    const u = 1.2 * Math.sqrt(cs * wavelength);
    const [[before, at, after]] = await ctfAt([{ u }], [first - 1e-3, first, first + 1e-3]);
    expect(Math.abs(at!)).toBeLessThan(1e-3);
    expect(before! * after!).toBeLessThan(0);
  });
});

describe("conventions", () => {
  it("positive at low frequency for underfocus; the amplitude contrast itself at zero frequency", async () => {
    const [[low, first], [atZero]] = [
      (await ctfAt([{ u: 15_000 }], [0.01, 0.02]))[0],
      (await ctfAt([{ u: 15_000, w: 0.1 }], [0]))[0],
    ];
    expect(low).toBeGreaterThan(0);
    expect(first).toBeGreaterThan(low!);
    expect(atZero).toBeCloseTo(0.1, 6);
  });

  it("the defocus is U along the astigmatism angle and V across it", async () => {
    const frequencies = [0.02, 0.05, 0.09, 0.14];
    for (const angle of [0, 25 * degree, 90 * degree, -70 * degree]) {
      const astigmatic = { u: 12_000, v: 9000, angle, w: 0.1 };
      const [along, uOnly] = [
        (await ctfAt([astigmatic], frequencies, angle))[0],
        (await ctfAt([{ u: 12_000, w: 0.1 }], frequencies, angle))[0],
      ];
      const [across, vOnly] = [
        (await ctfAt([astigmatic], frequencies, angle + Math.PI / 2))[0],
        (await ctfAt([{ u: 9000, w: 0.1 }], frequencies, 0))[0],
      ];
      const [between, mean] = [
        (await ctfAt([astigmatic], frequencies, angle + Math.PI / 4))[0],
        (await ctfAt([{ u: 10_500, w: 0.1 }], frequencies, 0))[0],
      ];
      frequencies.forEach((_, i) => {
        expect(along[i]!).toBeCloseTo(uOnly[i]!, 4);
        expect(across[i]!).toBeCloseTo(vOnly[i]!, 4);
        expect(between[i]!).toBeCloseTo(mean[i]!, 4);
      });
    }
  });

  it("a phase plate of 90 degrees turns the sine into a cosine", async () => {
    const frequencies = [0, 0.01, 0.03, 0.06, 0.1];
    const [plain, plate] = await ctfAt([{ u: 8000 }, { u: 8000, phase: Math.PI / 2 }], frequencies);
    expect(plate[0]!).toBeCloseTo(1, 6);
    frequencies.forEach((_, i) => expect(plain[i]! ** 2 + plate[i]! ** 2).toBeCloseTo(1, 5));
    expect(Math.abs(plain[3]!)).toBeGreaterThan(0.05);
  });

  it("the envelope at the Nyquist frequency of 1.5 Å pixels is exp(-B / 36)", async () => {
    const nyquist = 1 / 3;
    const [[without], [blurred]] = await ctfAt(
      [
        { u: 9000, w: 0.1 },
        { u: 9000, w: 0.1, b: 80 },
      ],
      [nyquist],
    );
    expect(Math.abs(without!)).toBeGreaterThan(0.1);
    expect(blurred! / without!).toBeCloseTo(Math.exp(-80 / 36), 5);
  });

  it("of phase-flipped images is its magnitude, each image by itself", async () => {
    const frequencies = Array.from({ length: 40 }, (_, i) => 0.005 * (i + 1)),
      settings = { u: 15_000, v: 12_000, w: 0.1, b: 40 };
    const [plain, flipped] = await ctfAt([settings, { ...settings, flipped: 1 }], frequencies);
    expect(Math.min(...plain)).toBeLessThan(-0.3);
    expect(flipped).toEqual(plain.map(Math.abs));
  });

  it("is the same by plain numbers", async () => {
    const frequencies = Array.from({ length: 40 }, (_, i) => 0.004 * (i + 1)),
      list = [
        { u: 15_000, v: 12_000, angle: 0.4, w: 0.1, b: 40 },
        { u: 22_000, v: 21_000, angle: -1, w: 0.07, phase: 0.5, flipped: 1 },
      ];
    const tensor = await ctfAt(list, frequencies, 0.7);
    list.forEach((_, i) => {
      const plain = contrastTransfer(opticsOf(list), i);
      frequencies.forEach((f, k) => expect(plain(f * Math.cos(0.7), f * Math.sin(0.7))).toBeCloseTo(tensor[i]![k]!, 3));
    });
  });

  it("takes the particles in the order asked for", () => {
    const optics = opticsOf([{ u: 1000 }, { u: 2000 }, { u: 3000 }]);
    const { defocus } = ctfParameters(optics, [2, 0]);
    expect(defocus[0]! / defocus[1]!).toBeCloseTo(3, 6);
  });
});
