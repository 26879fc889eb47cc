import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { disk } from "../../../src/io/disk.ts";
import { readViews } from "../../../src/reconstruct/run/views.ts";
import { inputError, temporaryFolder } from "../../io/helpers.ts";

const folder = temporaryFolder();
function star(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("views from a STAR file", () => {
  it("become radians, equally likely, spread by five degrees; other blocks and columns are passed over", async () => {
    const path = star(
      "views.star",
      "data_general\n_rlnVersion 5\n\ndata_views\nloop_\n_rlnAngleTilt " +
        "#1\n_rlnName #2\n_rlnAngleRot #3\n90 a 180\n-45.0 b 3e1\n",
    );
    const views = await readViews(disk.at(path));
    if (views.kind !== "table") throw new Error(views.kind);
    expect(views.jitter).toBeCloseTo(0.0872665, 6);
    expect(views.views.map((v) => v.weight)).toEqual([1, 1]);
    const expected = [
      [Math.PI, Math.PI / 2],
      [Math.PI / 6, -Math.PI / 4],
    ];
    views.views.forEach((v, i) => {
      expect(v.rot).toBeCloseTo(expected[i]![0]!, 12);
      expect(v.tilt).toBeCloseTo(expected[i]![1]!, 12);
    });
  });

  it("need both columns", async () => {
    const path = star("missing.star", "data_\nloop_\n_rlnAngleRot #1\n10\n");
    expect(await inputError(() => readViews(disk.at(path)))).toBe(
      `${path} has no table with rlnAngleRot and rlnAngleTilt`,
    );
  });

  it("need numbers: the message names row, line and column", async () => {
    const path = star("words.star", "data_\n\nloop_\n_rlnAngleRot #1\n_rlnAngleTilt #2\n10 20\n30 steep\n");
    expect(await inputError(() => readViews(disk.at(path)))).toBe(
      `${path}: row 2 (line 7): rlnAngleTilt is not a number`,
    );
  });

  it("need a row, and a file", async () => {
    const path = star("empty.star", "data_\nloop_\n_rlnAngleRot #1\n_rlnAngleTilt #2\n");
    expect(await inputError(() => readViews(disk.at(path)))).toContain(path);
    expect(await inputError(() => readViews(disk.at(join(folder, "absent.star"))))).toContain("absent.star");
  });
});
