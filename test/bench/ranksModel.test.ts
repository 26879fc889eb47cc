import { expect, test } from "vitest";
import { bytesOfPass, clusterOf, jobs, networks, predict, sumSeconds } from "../../bench/ranks/model.ts";

test("what goes between processes in a pass is what calls of a run were seen to send", () => {
  // bench/ranks.ts, 20,000 particles of 64 px, a local pass at shell 24.
  const sums = [5_762_400, 5_762_400],
    exchanged = [160_000, 720_000, 80_000, 80_000],
    total = (list: number[]): number => list.reduce((a, b) => a + b);
  expect(bytesOfPass(24, 20_000)).toEqual({ sums: total(sums), volume: 442_368, exchange: total(exchanged) });
});

test("a line of half the rate takes twice as long for a large sum, whatever the number of machines", () => {
  const network = { ...networks.slow, latencySeconds: 0 },
    half = { ...network, bytesPerSecond: network.bytesPerSecond / 2 };
  for (const machines of [2, 8, 64]) {
    const [one, two] = [network, half].map((line) => sumSeconds(1e9, { machines, network: line })) as [number, number];
    expect(two / one).toBeCloseTo(2, 3);
  }
  expect(sumSeconds(1e9, { machines: 1, network })).toBeLessThan(0.01);
});

test("more processes are never slower on one machine, and never faster than their number", () => {
  for (const job of Object.values(jobs)) {
    const times = [1, 2, 4, 8, 16, 32].map((n) => predict(job, clusterOf(n, 32, networks.fast)).total);
    for (const [i, seconds] of times.entries()) {
      expect(seconds).toBeGreaterThanOrEqual(times[0]! / 2 ** i);
      if (i > 0) expect(seconds).toBeLessThan(times[i - 1]!);
    }
  }
});
