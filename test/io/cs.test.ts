import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { CsTable } from "../../src/io/cs.ts";
import { mergePassthrough, parseCs, readCs } from "../../src/io/cs.ts";
import { disk } from "../../src/io/disk.ts";
import { formats, inputError, installTestDebs, python, temporaryFolder } from "./helpers.ts";

beforeAll(installTestDebs);

/** Every field as np.load sees it: integers as decimal strings, floats with all their digits. */
function numpyFields(path: string): Record<string, { shape: number[]; values: (string | number)[] }> {
  return JSON.parse(
    python(
      `
import sys, json, numpy as np
table = np.load(sys.argv[1])
def plain(x):
    if isinstance(x, bytes): return x.decode()
    if isinstance(x, str): return x
    return str(x) if isinstance(x, int) and not isinstance(x, bool) else float(x)
def field(column): return dict(shape=column.shape, values=[plain(x) for x in column.ravel().tolist()])
print(json.dumps({n: field(table[n]) for n in table.dtype.names}))`,
      path,
    ),
  );
}

async function compareWithNumpy(path: string): Promise<CsTable> {
  const table = await readCs(disk.at(path));
  const expected = numpyFields(path);
  expect([...table.fields.keys()]).toEqual(Object.keys(expected));
  for (const [name, { shape, values }] of Object.entries(expected)) {
    const field = table.fields.get(name)!;
    expect([table.count, ...field.shape], name).toEqual(shape);
    const ours = Array.from(field.values as ArrayLike<unknown>, (x, i) =>
      typeof values[i] === "string" ? String(x) : x,
    );
    expect(ours, name).toEqual(values);
  }
  return table;
}

test.each([
  ["cryosparc_J2_particles_exported.cs", 22, 42],
  ["empiar_10076_7.cs", 7, 24],
])("%s: all fields as numpy reads them", async (name, count, fields) => {
  const table = await compareWithNumpy(join(formats, name));
  expect([table.count, table.fields.size]).toEqual([count, fields]);
});

test("all numeric types of both byte orders, strings and sub-arrays as numpy writes them", async () => {
  const path = join(temporaryFolder(), "types.cs");
  python(
    `
import sys, numpy as np
codes = ["?", "i1", "u1"] + [o + t for o in "<>" for t in ("i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8")]
dtype = [("f/" + c, c) for c in codes] + [("s", "S5"), ("u", "<U6"), ("bigu", ">U3"), ("it's", "u1")]
dtype += [("pair", "<f4", (2,)), ("matrix", ">i2", (2, 3))]
t = np.zeros(3, dtype=dtype)
for name in t.dtype.names:
    kind = t.dtype[name].base.kind
    if kind in "iu":
        info = np.iinfo(t.dtype[name].base); t[name][0] = info.min; t[name][1] = info.max
    elif kind == "f": t[name][0] = -1/3; t[name][1] = 65504
    elif kind == "b": t[name][1] = True
t["s"] = [b"abcde", b"", b"\\xc3\\xa9"]
t["u"] = ["sechs6", "\\u00e5\\U0001f600", ""]
t["bigu"] = ["abc", "\\u03b2", ""]
t["matrix"][2] = [[1, 2, 3], [4, 5, 6]]
with open(sys.argv[1], "wb") as f: np.lib.format.write_array(f, t, version=(2, 0))`,
    path,
  );
  const table = await compareWithNumpy(path);
  expect(table.fields.get("f/<u8")!.values).toEqual(BigUint64Array.of(0n, 2n ** 64n - 1n, 0n));
  expect(table.fields.get("u")!.values).toEqual(["sechs6", "å😀", ""]);
});

test("passthrough fields are joined by uid, whatever their order", async () => {
  const folder = temporaryFolder();
  python(
    `
import sys, numpy as np
a = np.array([(2**63 + 5, 1.0), (7, 2.0), (9, 3.0)], dtype=[("uid", "<u8"), ("ctf/df1_A", "<f4")])
rows = [(9, 30.0, 0.9, "nine", (9, 90)), (2**63 + 5, 10.0, 0.5, "five", (5, 50)), (11, 0, 0, "", (0, 0))]
b = np.array(rows + [(7, 20.0, 0.7, "seven", (7, 70))],
  dtype=[("uid", "<u8"), ("ctf/df1_A", "<f4"), ("ctf/cs_mm", "<f8"), ("name", "<U5"), ("pair", "<i8", (2,))])
np.save(open(sys.argv[1] + "/a.cs", "wb"), a); np.save(open(sys.argv[1] + "/b.cs", "wb"), b)
np.save(open(sys.argv[1] + "/short.cs", "wb"), b[:3])
np.save(open(sys.argv[1] + "/without.cs", "wb"), b[["ctf/cs_mm"]])`,
    folder,
  );
  const read = (name: string) => readCs(disk.at(join(folder, name)));
  const a = await read("a.cs");
  const merged = mergePassthrough(a, await read("b.cs"));
  expect([...merged.fields.keys()]).toEqual(["uid", "ctf/df1_A", "ctf/cs_mm", "name", "pair"]);
  expect(merged.fields.get("ctf/df1_A")!.values).toEqual(Float64Array.of(1, 2, 3));
  expect(merged.fields.get("ctf/cs_mm")!.values).toEqual(Float64Array.of(0.5, 0.7, 0.9));
  expect(merged.fields.get("name")!.values).toEqual(["five", "seven", "nine"]);
  expect(merged.fields.get("pair")!.values).toEqual(BigInt64Array.of(5n, 50n, 7n, 70n, 9n, 90n));
  const short = await read("short.cs");
  expect(await inputError(() => mergePassthrough(a, short))).toBe(
    `${join(folder, "a.cs")}: row 2 (uid 7) is not in the passthrough file ${join(folder, "short.cs")}`,
  );
  const without = await read("without.cs");
  expect(await inputError(() => mergePassthrough(a, without))).toBe(
    `${join(folder, "without.cs")} has no field uid; it cannot be joined with another .cs file`,
  );
});

test("what is no table of numbers and strings is refused", async () => {
  const folder = temporaryFolder();
  python(
    `
import sys, numpy as np
np.save(open(sys.argv[1] + "/plain.cs", "wb"), np.zeros(3))
objects = np.zeros(2, dtype=[("uid", "<u8"), ("blob/path", "O")])
np.save(open(sys.argv[1] + "/object.cs", "wb"), objects, allow_pickle=True)`,
    folder,
  );
  const path = (name: string) => join(folder, name);
  expect(await inputError(() => readCs(disk.at(path("plain.cs"))))).toBe(
    `${path("plain.cs")} is a plain numpy array, not a table with one row per particle`,
  );
  expect(await inputError(() => readCs(disk.at(path("object.cs"))))).toBe(
    `${path("object.cs")}: field blob/path has the numpy type |O, which cannot be read; ` +
      "numbers and fixed-width strings can",
  );
  const whole = readFileSync(join(formats, "empiar_10076_7.cs"));
  writeFileSync(path("cut.cs"), whole.subarray(0, 2159));
  expect(await inputError(() => readCs(disk.at(path("cut.cs"))))).toBe(
    `${path("cut.cs")} is truncated: 7 rows need 2160 bytes, the file holds 2159`,
  );
  expect(await inputError(() => parseCs(whole.subarray(0, 300), "x.cs"))).toBe(
    "x.cs is truncated: its header ends at byte 704, the file holds 300",
  );
  expect(await inputError(() => parseCs(Buffer.from("data_particles\nloop_"), "x.cs"))).toBe(
    "x.cs is not a numpy .cs file",
  );
  expect(await inputError(() => parseCs(Buffer.from("\x94CSDAT\x00\x00\x00\x00\x00\x00", "latin1"), "x.cs"))).toContain(
    "compressed CSDAT format",
  );
  expect(await inputError(() => readCs(disk.at(path("none.cs"))))).toBe(
    `cannot read ${path("none.cs")}: no such file or folder`,
  );
});
