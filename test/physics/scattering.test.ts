import { describe, expect, it } from "vitest";
import { InputError } from "../../src/io/types.ts";
import { scatteringFactor } from "../../src/physics/scattering.ts";

/** f at s = sin(theta)/lambda = g/2. */
const evaluate = (a: readonly number[], b: readonly number[], s: number) => a.reduce((sum, ai, i) => sum + ai * Math.exp(-b[i] * s * s), 0);

/**
 * Another fit to the same calculated scattering factors, made for s up to 6 Å⁻¹: International Tables, volume C,
 * table 4.3.2.3. It has none of its numbers in common with the table under test.
 */
const otherFit: Record<string, [number[], number[]]> = {
  H: [[0.0088, 0.0449, 0.1481, 0.2356, 0.0914], [0.1152, 1.0867, 4.9755, 16.5591, 43.2743]],
  C: [[0.0489, 0.2091, 0.7537, 1.142, 0.3555], [0.114, 1.0825, 5.4281, 17.8811, 51.1341]],
  N: [[0.0267, 0.1328, 0.5301, 1.102, 0.4215], [0.0541, 0.5165, 2.8207, 10.6297, 34.3764]],
  O: [[0.0365, 0.1729, 0.5805, 0.8814, 0.3121], [0.0652, 0.6184, 2.9449, 9.6298, 28.2194]],
  F: [[0.0382, 0.1822, 0.5972, 0.7707, 0.213], [0.0613, 0.5753, 2.6858, 8.8214, 25.6668]],
  Na: [[0.126, 0.6442, 0.8893, 1.8197, 1.2988], [0.1684, 1.715, 8.8386, 50.8265, 147.2073]],
  Mg: [[0.113, 0.5575, 0.9046, 2.158, 1.4735], [0.1356, 1.3579, 6.9255, 32.3165, 92.113]],
  Al: [[0.1165, 0.5504, 1.0179, 2.6295, 1.5711], [0.1295, 1.2619, 6.8242, 28.4577, 88.475]],
  Si: [[0.0567, 0.3365, 0.8104, 2.496, 2.1186], [0.0582, 0.6155, 3.2522, 16.7929, 57.6767]],
  P: [[0.1005, 0.4615, 1.0663, 2.5854, 1.2725], [0.0977, 0.9084, 4.9654, 18.5471, 54.3648]],
  S: [[0.0915, 0.4312, 1.0847, 2.4671, 1.0852], [0.0838, 0.7788, 4.3462, 15.5846, 44.63655]],
  Cl: [[0.0799, 0.3891, 1.0037, 2.3332, 1.0507], [0.0694, 0.6443, 3.5351, 12.5058, 35.8633]],
  K: [[0.2149, 0.8703, 2.4999, 2.3591, 3.0318], [0.166, 1.6906, 8.7447, 46.7825, 165.6923]],
  Ca: [[0.2355, 0.9916, 2.3959, 3.7252, 2.5647], [0.1742, 1.8329, 8.8407, 47.4583, 134.9613]],
  V: [[0.2369, 1.0774, 2.1894, 3.0825, 1.719], [0.1505, 1.6392, 7.5691, 36.8741, 107.8517]],
  Mn: [[0.1943, 0.819, 1.9296, 2.4968, 2.0625], [0.1135, 1.1313, 5.0341, 24.1798, 80.5598]],
  Fe: [[0.1929, 0.8239, 1.8689, 2.3694, 1.906], [0.1087, 1.0806, 4.7637, 22.85, 76.7309]],
  Co: [[0.2186, 0.9861, 1.854, 2.3258, 1.4685], [0.1182, 1.23, 5.4177, 25.7602, 80.8542]],
  Ni: [[0.2313, 1.0657, 1.8229, 2.2609, 1.1883], [0.121, 1.2691, 5.687, 27.0917, 83.0285]],
  Cu: [[0.3501, 1.6558, 1.9582, 0.2134, 1.4109], [0.1867, 1.9917, 11.3396, 53.2619, 63.252]],
  Zn: [[0.178, 0.8096, 1.6744, 1.9499, 1.4495], [0.0876, 0.865, 3.8612, 18.8726, 64.7016]],
  As: [[0.2059, 0.9518, 1.6372, 3.049, 1.4756], [0.0926, 0.9182, 4.3291, 19.2996, 58.9329]],
  Se: [[0.1574, 0.7614, 1.4834, 3.0016, 1.7978], [0.0686, 0.6808, 3.1163, 14.3458, 44.0455]],
  Br: [[0.1899, 0.8983, 1.6358, 3.1845, 1.15183], [0.081, 0.7957, 3.9054, 15.7701, 45.6124]],
  Sr: [[0.3723, 1.4598, 3.5124, 4.4612, 3.3031], [0.148, 1.4643, 9.232, 49.8807, 148.0937]],
  Mo: [[0.3069, 1.1714, 3.2293, 3.4254, 2.1224], [0.1101, 1.0222, 5.9613, 25.1965, 93.5831]],
  Cd: [[0.3072, 1.1303, 3.2046, 2.9329, 1.656], [0.0966, 0.8856, 4.6273, 20.6789, 73.4723]],
  I: [[0.2617, 1.0325, 2.8097, 4.4809, 2.319], [0.0749, 0.6914, 3.4634, 16.3603, 48.2522]],
  Ba: [[0.5229, 2.2874, 4.7243, 5.0807, 5.6389], [0.1434, 1.6019, 9.4511, 42.7685, 148.4969]],
  W: [[0.3661, 1.6191, 3.2455, 4.0856, 3.2064], [0.0761, 0.7543, 4.0952, 18.2886, 68.0967]],
  Pt: [[0.3083, 1.4158, 2.9662, 3.9349, 2.1709], [0.0609, 0.5993, 3.1921, 12.5285, 49.7675]],
  Au: [[0.3055, 1.3945, 2.9617, 3.899, 2.0026], [0.0596, 0.5827, 3.1035, 11.9693, 47.9106]],
  Hg: [[0.3593, 1.5736, 3.5237, 3.8109, 1.6953], [0.0694, 0.6758, 3.8457, 15.6203, 56.6614]],
};

/** Coefficients of X-ray scattering factors, International Tables, volume C, table 6.1.1.4, and the atomic number. */
const xray: Record<string, { z: number; a: number[]; b: number[]; c: number }> = {
  C: { z: 6, a: [2.31, 1.02, 1.5886, 0.865], b: [20.8439, 10.2075, 0.5687, 51.6512], c: 0.2156 },
  O: { z: 8, a: [3.0485, 2.2868, 1.5463, 0.867], b: [13.2771, 5.7011, 0.3239, 32.9089], c: 0.2508 },
  S: { z: 16, a: [6.9053, 5.2034, 1.4379, 1.5863], b: [1.4679, 22.2151, 0.2536, 56.172], c: 0.8669 },
};

describe("electron scattering factors", () => {
  it.each(Object.keys(otherFit))("of %s agree with another published fit within its error", (element) => {
    const { a, b } = scatteringFactor(element);
    const [otherA, otherB] = otherFit[element];
    const scale = evaluate(otherA, otherB, 0);
    for (const s of [0, 0.1, 0.2, 0.4, 0.7, 1.2]) {
      expect(Math.abs(evaluate(a, b, s) - evaluate(otherA, otherB, s)) / scale).toBeLessThan(0.01);
    }
  });

  it.each(Object.keys(xray))("of %s follow from the X-ray scattering factor by the Mott-Bethe formula", (element) => {
    const { a, b } = scatteringFactor(element);
    const { z, a: xa, b: xb, c } = xray[element];
    for (const s of [0.2, 0.3, 0.5, 0.8]) {
      const expected = (0.0239337 * (z - evaluate(xa, xb, s) - c)) / (s * s);
      expect(Math.abs(evaluate(a, b, s) / expected - 1)).toBeLessThan(0.01);
    }
  });

  it("take symbols in any case, and deuterium as hydrogen", () => {
    expect(scatteringFactor("mg")).toBe(scatteringFactor("MG"));
    expect(scatteringFactor("D")).toEqual(scatteringFactor("H"));
  });

  it("of unknown elements are an error that names the element and the known ones", () => {
    expect(() => scatteringFactor("Xx")).toThrow(InputError);
    expect(() => scatteringFactor("Xx")).toThrow(/element "Xx"; known: H, C, N, O/);
    expect(() => scatteringFactor("")).toThrow(InputError);
  });
});
