import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { exposure, molecules, type SmallMolecule } from "../../bench/small/cases.ts";
import { powerOverNoise, signalToNoise } from "../../bench/small/exposure.ts";
import { domainAtoms, massOf, moleculeInIce } from "../../bench/small/molecule.ts";
import {
  compared,
  isFound,
  isVerdictRight,
  type SmallRun,
  summary,
  tableHead,
  tableRow,
} from "../../bench/small/table.ts";
import { fourierShellCorrelation } from "../../src/evaluate/fsc.ts";
import type { VerdictKind } from "../../src/reconstruct/verdict/verdict.ts";

const model = fileURLToPath(new URL("../../data/5a1a.cif.gz", import.meta.url));

test("the domains weigh what their residues do", async () => {
  // 112 Da a residue is the mean of E. coli β-galactosidase: 116.3 kDa, 1,023 residues with the first methionine.
  for (const { residues } of Object.values(molecules)) {
    const count = residues.reduce((sum, [first, last]) => sum + last - Math.max(2, first) + 1, 0);
    const mass = massOf(await domainAtoms(model, residues));
    expect(mass / (count * (116_300 / 1022))).toBeCloseTo(1, 1);
    expect(Math.abs(mass / (count * (116_300 / 1022)) - 1)).toBeLessThan(0.03);
  }
});

test("the power of one scatterer over the noise follows from the dose", () => {
  const n = 8,
    pixelSizeAngstrom = 2,
    data = new Float32Array(n ** 3);
  data[(4 * n + 4) * n + 4] = 10 / pixelSizeAngstrom ** 3; // f = 10 Å at every frequency
  const map = {
    data,
    shape: [n, n, n] as [number, number, number],
    pixelSizeAngstrom,
    originAngstrom: [0, 0, 0] as [number, number, number],
  };
  // Its phase shift is γλf: at 300 kV the electron is γ = 1.587 times as heavy, λ = 0.01969 Å.
  const phase = 0.019687 * 1.587 * 10;
  const ratios = powerOverNoise(map, 20);
  for (const ratio of ratios) expect(ratio / ((4 * phase ** 2 * 20) / 16 ** 2)).toBeCloseTo(1, 2);
});

test("signal to noise is linear in the dose and takes the CTF's mean square", () => {
  const n = 16,
    data = new Float32Array(n ** 3);
  data[(8 * n + 8) * n + 8] = 1;
  const map = {
      data,
      shape: [n, n, n] as [number, number, number],
      pixelSizeAngstrom: 2,
      originAngstrom: [0, 0, 0] as [number, number, number],
    },
    flat = { ...exposure, microscope: { ...exposure.microscope, bFactorAngstrom2: 0 } };
  const ratio = powerOverNoise(map, flat.electronsPerSquareAngstrom)[1]!,
    full = signalToNoise(map, n, flat);
  // Of the pixels of the image within the Nyquist circle (π/4) about half of the power passes.
  expect(full / (ratio * (Math.PI / 4))).toBeGreaterThan(0.35);
  expect(full / (ratio * (Math.PI / 4))).toBeLessThan(0.6);
  expect(signalToNoise(map, n, { ...flat, electronsPerSquareAngstrom: 40 }) / full).toBeCloseTo(2, 6);
});

test("a molecule in ice keeps its contrast, and a micelle lies about its domain", async () => {
  const { residues, micelle }: SmallMolecule = molecules.membrane,
    n = 48,
    pixel = 3.75;
  const bare = await moleculeInIce(model, residues, n, pixel),
    sum = bare.data.reduce((total, v) => total + v, 0) * pixel ** 3;
  const atoms = await domainAtoms(model, residues),
    // Scattering of the atoms at zero angle, Å: C 2.51, N 2.21, O 1.98, S 5.16 (Peng et al. 1996).
    scattering = atoms.element.reduce((total, e) => total + { C: 2.509, N: 2.211, O: 1.983, S: 5.161 }[e as "C"], 0);
  expect(sum / scattering).toBeCloseTo(0.43, 2);

  const whole = await moleculeInIce(model, residues, n, pixel, micelle);
  // Head groups stand out as the protein does; the centre of the two lies in the middle of the box.
  const weight = whole.data.map((v) => Math.max(0, v)),
    total = weight.reduce((a, v) => a + v, 0);
  const centre = [0, 1, 2].map(
    (axis) => weight.reduce((a, v, i) => a + v * (Math.floor(i / n ** axis) % n), 0) / total - n / 2,
  );
  expect(Math.hypot(...centre) * pixel).toBeLessThan(8);
  const added = whole.data.reduce((a, v) => a + v, 0) * pixel ** 3 - sum;
  expect(added / sum).toBeGreaterThan(1);
  expect(added / sum).toBeLessThan(2);
});

const fsc = (noise: number): SmallRun => {
  const n = 16,
    grid = {
      shape: [n, n, n] as [number, number, number],
      pixelSizeAngstrom: 5,
      originAngstrom: [0, 0, 0] as [number, number, number],
    };
  const a = Float32Array.from({ length: n ** 3 }, (_, i) => Math.sin(i ** 2)),
    b = a.map((v, i) => v + noise * Math.cos(i ** 2 + i));
  return {
    case: "monomer",
    what: "58 kDa",
    seed: 1,
    arguments: [],
    ...compared(fourierShellCorrelation({ ...grid, data: a }, { ...grid, data: b })),
    wallSeconds: 61,
    peakMemoryMiB: null,
    time: "2026-01-02T03:04:05Z",
    verdict: { kind: "found", resolutionAngstrom: 10.25, reason: "Because." },
  };
};

test("a run is judged by its map: found to 12 Å, or not", () => {
  const good = fsc(0.1),
    bad = fsc(10),
    as = (run: SmallRun, kind: VerdictKind): SmallRun => ({ ...run, verdict: { ...run.verdict, kind } });
  expect([good, bad].map(isFound)).toEqual([true, false]);
  expect([good, bad, as(bad, "uncertain"), as(good, "notFound")].map(isVerdictRight)).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(good.meanFsc).toBeGreaterThan(0.9);
  expect(Math.abs(bad.meanFsc)).toBeLessThan(0.4);
  const cells = (line: string): string[] => line.split(" | ").map((cell) => cell.replaceAll("|", "").trim());
  expect(cells(tableRow(good))).toHaveLength(cells(tableHead.split("\n")[0]!).length);
  expect(cells(tableRow(good)).slice(4)).toEqual(["10 Å or better", "structure found to 10.3 Å", "yes", "1:01"]);
  expect(summary([good, bad])).toBe("monomer: found to 12 Å in 1 of 2, verdict right in 1 of 2");
});
