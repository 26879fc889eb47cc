import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { disk } from "../../../src/io/disk.ts";
import { createRowTable } from "../../../src/reconstruct/likelihood/rowTable.ts";
import { alone } from "../../../src/runtime/processes.ts";
import { inputError, temporaryFolder } from "../../io/helpers.ts";

const source = join(import.meta.dirname, "../../../src");
const folder = temporaryFolder();
const count = 50,
  width = 7,
  bytes = 4 * count * width;
const valueAt = (row: number, column: number): number => Math.fround(Math.sin(1000 * row + column));
const rowsOf = (chosen: ArrayLike<number>): Float32Array =>
  Float32Array.from({ length: chosen.length * width }, (_, i) => valueAt(chosen[Math.floor(i / width)]!, i % width));
const run = (first: number, size: number): Int32Array => Int32Array.from({ length: size }, (_, i) => first + i);

describe.each([
  ["memory", bytes],
  ["a scratch file", bytes - 1],
])("a table of rows in %s", (place, limit) => {
  const path = join(folder, `${place}.scratch`);
  const filled = async (): ReturnType<typeof createRowTable> => {
    const table = await createRowTable(count, width, limit, disk.at(path), alone);
    // In pieces, the last one first; each a part of a longer array.
    for (const [first, size] of [
      [30, 20],
      [0, 1],
      [1, 29],
    ] as const) {
      const longer = new Float32Array((size + 2) * width).fill(NaN);
      longer.set(rowsOf(run(first, size)), width);
      await table.write(first, longer.subarray(width, (size + 1) * width));
    }
    return table;
  };

  it("gives back the rows that were written, by themselves, in runs and in any order", async () => {
    const table = await filled();
    expect(table.width).toBe(width);
    for (const chosen of [
      [0],
      [49],
      run(0, count),
      [3, 4, 5, 20, 21, 7, 8, 8, 9, 49, 48, 47],
      [],
      run(0, count).reverse(),
      [12, 12, 12],
    ]) {
      const out = new Float32Array(chosen.length * width + 3).fill(-9);
      await table.read(chosen, out);
      expect(out.subarray(0, chosen.length * width)).toEqual(rowsOf(chosen));
      expect(Array.from(out.subarray(chosen.length * width))).toEqual([-9, -9, -9]);
    }
    await table.close();
  });

  it("is where the limit says, and gone when closed", async () => {
    const table = await filled();
    expect(existsSync(path)).toBe(limit < bytes);
    if (limit < bytes) expect(statSync(path).size).toBe(bytes);
    await table.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a scratch file", () => {
  const path = join(folder, "rows.scratch");

  it("takes the place of one that a killed run left", async () => {
    writeFileSync(path, "left over, and longer than the rows: ".repeat(100));
    const table = await createRowTable(count, width, 0, disk.at(path), alone);
    await table.write(0, rowsOf(run(0, count)));
    expect(readFileSync(path)).toEqual(Buffer.from(rowsOf(run(0, count)).buffer));
    await table.close();
    expect(existsSync(path)).toBe(false);
  });

  it("that cannot be made is named, with what to do", async () => {
    const absent = join(folder, "absent", "rows.scratch");
    const message = await inputError(() => createRowTable(count, width, 0, disk.at(absent), alone));
    expect(message).toContain(absent);
    expect(message).toContain("--cache");
  });

  it("that was cut short is named", async () => {
    const table = await createRowTable(count, width, 0, disk.at(path), alone);
    await table.write(0, rowsOf(run(0, count)));
    truncateSync(path, bytes - 4);
    const out = new Float32Array(2 * width);
    await table.read([0, 1], out);
    expect(out).toEqual(rowsOf([0, 1]));
    expect(await inputError(() => table.read([48, 49], out))).toContain(path);
    await table.close();
  });

  it("for which there is no room is named, and removed", () => {
    // The shell's limit on the size of files (2 KB) stands in for a full disk. The first write ends short of its end,
    // the second finds no room at all.
    const child = `
      import { disk } from ${JSON.stringify(join(source, "io/disk.ts"))};
      import { createRowTable } from ${JSON.stringify(join(source, "reconstruct/likelihood/rowTable.ts"))};
      import { alone } from ${JSON.stringify(join(source, "runtime/processes.ts"))};
      const table = await createRowTable(1000, 8, 0, disk.at(${JSON.stringify(path)}), alone);
      const failures = [];
      const note = (e) => failures.push(e.name + ": " + e.message);
      for (const first of [0, 900]) await table.write(first, new Float32Array(8 * 100)).catch(note);
      await table.close();
      console.log(JSON.stringify(failures));`;
    const script = join(folder, "full.mts");
    writeFileSync(script, child);
    const out = execFileSync("bash", ["-c", `ulimit -f 2; exec "${process.execPath}" --import tsx "${script}"`], {
      encoding: "utf8",
      cwd: join(import.meta.dirname, "../../.."),
      env: { ...process.env, TSX_DISABLE_CACHE: "1" },
    });
    const failures = JSON.parse(out) as string[];
    expect(failures).toHaveLength(2);
    const told = /^InputError: cannot write .*rows\.scratch: no file may be that large; .*more memory \(--cache\)$/;
    for (const failure of failures) expect(failure).toMatch(told);
    expect(existsSync(path)).toBe(false);
  });
});
