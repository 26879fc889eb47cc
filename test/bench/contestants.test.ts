import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { mapsIn, msPerIteration, relionArguments } from "../../bench/contestants.ts";

const folder = mkdtempSync(join(tmpdir(), "cryogan-contestants-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("maps that a program leaves", () => {
  const start = 1_700_000_000;
  const leave = (name: string, seconds: number): void => {
    writeFileSync(join(folder, name), "");
    utimesSync(join(folder, name), start + seconds, start + seconds);
  };
  leave("run_it100_class001.mrc", 95);
  leave("run_it010_class001.mrc", 5);
  leave("run_it020_class001.mrc", 15.5);
  leave("run_it020_grad001.mrc", 15.5);
  leave("run_it020_data.star", 16);
  const maps = mapsIn(folder, /_it(\d+)_class001\.mrc$/, 1000 * start);

  it("are listed by time since the start, other files left out", () => {
    expect(maps.map(({ iteration, seconds }) => [iteration, seconds])).toEqual([
      [10, 5],
      [20, 15.5],
      [100, 95],
    ]);
    expect(maps[0]!.path).toBe(join(folder, "run_it010_class001.mrc"));
  });

  it("tell the time of an iteration in any part of a run that holds two of them", () => {
    expect(msPerIteration(maps, 0, 50)).toBeCloseTo(1050, 6);
    expect(msPerIteration(maps, 0, 100)).toBeCloseTo(1000, 6);
    expect(msPerIteration(maps, 50, 100)).toBeUndefined();
  });
});

it("RELION is told the same particle, and a final resolution in whole Å not beyond the last shell", () => {
  const problem = { star: "", boxSize: 64, boxAngstrom: 325, threads: 2, seed: 7, cores: "0,1", limitSeconds: 1 };
  const args = relionArguments("particles.star", "/out/run", problem, { iterations: [5, 6, 7], offsetRange: 3 });
  const value = (name: string): string | undefined => args[args.indexOf(name) + 1];
  expect(value("--particle_diameter")).toBe("293"); // 0.9 of the box
  expect(value("--sgd_fin_resol")).toBe("10"); // Nyquist is 10.16 Å
  expect(["--sgd_ini_iter", "--sgd_inbetween_iter", "--sgd_fin_iter", "--offset_range"].map(value)).toEqual([
    "5",
    "6",
    "7",
    "3",
  ]);
  expect(new Set(args.filter((arg) => arg.startsWith("--"))).size).toBe(
    args.filter((arg) => arg.startsWith("--")).length,
  );
});
