import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { cases, simulated } from "../../bench/cryogan/cases.ts";
import { type CryoganRun, tableHead, tableRow } from "../../bench/cryogan/table.ts";
import { parseSimulateOptions } from "../../src/cli/options/simulate.ts";
import { parseReconstructOptions } from "../../src/reconstruct/optionSchema.ts";

/** "--max-shift", "0" → maxShift: "0". */
const typed = (args: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: args.length / 2 }, (_, i) => [
      args[2 * i]!.slice(2).replace(/-(.)/g, (_, c: string) => c.toUpperCase()),
      args[2 * i + 1]!,
    ]),
  );

it("no case has a likelihood, its options are accepted by the program, and its files are there", () => {
  for (const [name, { data, arguments: args }] of Object.entries(cases)) {
    const options = parseReconstructOptions({
      particlesFile: "p.star",
      out: "o",
      ...typed(args),
    });
    expect(options.method, name).toBe("cryogan");
    if (options.noiseBank) expect(existsSync(options.noiseBank), name).toBe(true);
    if (typeof data !== "string") {
      for (const file of Object.values(data)) expect(existsSync(file), name).toBe(true);
      continue;
    }
    const { model, noise } = parseSimulateOptions({ ...simulated[data], out: "o" });
    expect(existsSync(model), name).toBe(true);
    if (!("bank" in noise)) continue;
    // One stack for both, and none of its images for both.
    expect(noise.bank).toBe(options.noiseBank);
    expect([noise.images, options.noiseImages]).toEqual([
      { first: 1, step: 2 },
      { first: 2, step: 2 },
    ]);
  }
});

it("a run is a row of a markdown table", () => {
  const run = {
    case: "paper",
    what: "D2",
    seed: 2,
    truthUnmasked: { angstrom: 10.26, orBetter: false },
    truth: { angstrom: 9.045, orBetter: true },
    fsc: [1, 0.9, 0.6, 0.4, 0.7],
    meanFsc: 0.256,
    verdict: { kind: "found", resolutionAngstrom: 9.5, reason: "" },
    wallSeconds: 1199,
    peakMemoryMiB: 1536,
  } as unknown as CryoganRun;
  expect([...tableHead.split("\n"), tableRow(run)]).toEqual([
    "| case | what | seed | FSC 0.5, unmasked | corrected | shell | mean FSC, 20 to 11.4 Å | verdict | time | " +
      "peak memory |",
    `|${" --- |".repeat(10)}`,
    "| paper | D2 | 2 | 10.26 Å | 9.04 Å or better | 3 of 5 | 0.26 | structure found to 9.5 Å | 19:59 | 1.5 GiB |",
  ]);
});
