import { describe, expect, it } from "vitest";
import { emdbFscXml, fscJson } from "../../src/evaluate/emdbXml.ts";
import type { FscResult } from "../../src/evaluate/fsc.ts";

const result: FscResult = {
  boxSize: 4,
  pixelSizeAngstrom: 2.5,
  finestShell: 2,
  finestAngstrom: 5,
  frequency: [0.1, 0.2],
  resolutionAngstrom: [10, 5],
  fsc: [0.987654321, 1 / 3],
  resolutionCurve: "fsc",
  resolution05Angstrom: 6.789,
  resolution0143Angstrom: null,
  resolution05OrBetter: false,
  resolution0143OrBetter: false,
};

describe("FSC files", () => {
  it("writes the XML that EMDB takes", () => {
    expect(emdbFscXml(result, 'half 1 & "half 2"')).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<fsc title="half 1 &amp; &quot;half 2&quot;" xaxis="Resolution (A-1)" yaxis="Correlation Coefficient">
  <coordinate>
    <x>0.100000</x>
    <y>0.987654</y>
  </coordinate>
  <coordinate>
    <x>0.200000</x>
    <y>0.333333</y>
  </coordinate>
</fsc>
`);
    expect(() => emdbFscXml(result, "t", "fscMasked")).toThrow(RangeError);
  });

  it("writes JSON with six significant digits", () => {
    expect(JSON.parse(fscJson(result))).toEqual({ ...result, fsc: [0.987654, 0.333333] });
  });
});
