import { expect, test } from "vitest";
import type { ClassResult, RunEvent } from "../../../src/reconstruct/folder/events.ts";
import { offeredMapFiles, shownMapFile } from "../../../src/web/page/map/choice.ts";

const time = "2026-01-01T00:00:00Z";
const map = (path: string): RunEvent => ({ type: "map", time, path, stage: 1, iteration: 1 });
const finished = (classes?: ClassResult[]): RunEvent => ({
  type: "finished",
  time,
  elapsedSeconds: 1,
  map: "map.mrc",
  finestAngstrom: 10,
  ...(classes ? { classes } : {}),
});

test("of halves those that the end of the run tells, not those of a half by its own numbers", () => {
  const running = ["class1_half1.mrc", "class2_half1.mrc", "half1.mrc", "class1_half2.mrc", "class2_half2.mrc"].map(
    map,
  );
  expect(offeredMapFiles(running).slice(3)).toEqual([
    ...["class1_half1.mrc", "class1_half2.mrc", "class2_half1.mrc", "class2_half2.mrc"],
  ]);
  const events = [
    ...running,
    finished([
      { number: 1, share: 0.5, map: "class1.mrc", fsc: "class1_fsc.json" },
      { number: 2, share: 0.25, map: "class2_half1.mrc", half: 1 },
      { number: 3, share: 0.25, map: "class3_half2.mrc", half: 2 },
      { number: 4, share: 0, junk: true },
    ]),
  ];
  expect(offeredMapFiles(events).slice(3)).toEqual([
    ...["class1.mrc", "class1_half1.mrc", "class1_half2.mrc", "class2_half1.mrc", "class3_half2.mrc"],
  ]);
});

test("while a run goes on the density as it stands, after a stage its map, at the end the run's", () => {
  const density: RunEvent = { type: "density", time, stage: 1, iteration: 1 };
  expect(shownMapFile("density.mrc", [])).toBe("map.mrc");
  expect(shownMapFile("density.mrc", [density])).toBe("density.mrc");
  expect(shownMapFile("density.mrc", [density, map("half1.mrc")])).toBe("half1.mrc");
  expect(shownMapFile("density.mrc", [map("half1.mrc"), density])).toBe("density.mrc");
  expect(shownMapFile("half1.mrc", [map("half1.mrc"), density])).toBe("half1.mrc");
  expect(shownMapFile("density.mrc", [density, map("half2.mrc"), finished()])).toBe("map.mrc");
  // As it was where the run was stopped or failed.
  expect(shownMapFile("density.mrc", [map("map.mrc"), density, { type: "stopped", time }])).toBe("density.mrc");
  expect(offeredMapFiles([density])).toEqual(["map.mrc", "half1.mrc", "half2.mrc", "density.mrc"]);
  expect(offeredMapFiles([density, map("map.mrc")])).not.toContain("density.mrc");
});
