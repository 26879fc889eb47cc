import { copyFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Volume } from "../../src/base/types.ts";
import { disk } from "../../src/io/disk.ts";
import { openStack, readMrcHeader, readStoredMap, writeMap, writeStack } from "../../src/io/mrc.ts";
import { inputError, installTestDebs, python, temporaryFolder } from "./helpers.ts";

beforeAll(installTestDebs);

/** Runs `code` with `path` set and numpy and mrcfile imported. */
function mrcfile(path: string, code: string): string {
  return python(`import sys, numpy as np, mrcfile\npath = sys.argv[1]\n${code}`, path);
}

/** Distinct small whole numbers that every mode can hold: voxel (z, y, x) is 100 z + 10 y + x - 60. */
const COUNTING = "np.fromfunction(lambda z, y, x: 100*z + 10*y + x - 60, shape)";

function counting(nz: number, ny: number, nx: number, offset = -60): number[] {
  const values: number[] = [];
  for (let z = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) values.push(100 * z + 10 * y + x + offset);
  return values;
}

const modes = [
  [0, "i1"],
  [1, "i2"],
  [2, "f4"],
  [6, "u2"],
  [12, "f2"],
] as const;
const orders = [
  ["little", "<"],
  ["big", ">"],
] as const;

test.each(modes.flatMap(([mode, type]) => orders.map(([name, order]) => ({ mode, type, name, order }))))(
  "reads $type, mode $mode, in $name-endian order as mrcfile writes it",
  async ({ mode, type, order }) => {
    const folder = temporaryFolder();
    const map = join(folder, "map.mrc");
    mrcfile(
      map,
      `
shape = (2, 3, 4)
data = (${COUNTING} + ${mode === 6 ? 60 : 0}).astype("${order}${type}")
m = mrcfile.new(path, overwrite=True)
m.set_data(data)
m.voxel_size = 1.5
m.header.origin = (-3, 4.5, 6)
m.close()
# Single bytes have no order from which mrcfile could take the header's.
if data.dtype.itemsize == 1 and "${order}" == ">":
    h = mrcfile.open(path).header.astype(mrcfile.dtypes.HEADER_DTYPE.newbyteorder(">"))
    h.machst = [0x11, 0x11, 0, 0]
    with open(path, "r+b") as f: f.write(h.tobytes())`,
    );
    const bytes = readFileSync(map);
    expect(bytes[212]).toBe(order === "<" ? 0x44 : 0x11);
    const volume = await readStoredMap(disk.at(map));
    expect(volume.shape).toEqual([2, 3, 4]);
    expect([...volume.data]).toEqual(counting(2, 3, 4, mode === 6 ? 0 : -60));
    expect(volume.pixelSizeAngstrom).toBeCloseTo(1.5, 6);
    expect(volume.originAngstrom).toEqual([-3, 4.5, 6]);

    // A stamp that contradicts the bytes is overruled by what makes sense.
    bytes.fill(order === "<" ? 0x11 : 0x44, 212, 214);
    writeFileSync(map, bytes);
    expect([...(await readStoredMap(disk.at(map))).data]).toEqual([...volume.data]);

    const stack = await openStack(disk.at(copyAs(map, join(folder, "stack.mrcs"))));
    expect([stack.count, stack.height, stack.width]).toEqual([2, 3, 4]);
    const out = new Float32Array(24);
    await stack.read([1, 0], out);
    expect([...out]).toEqual([...volume.data.subarray(12), ...volume.data.subarray(0, 12)]);
    await stack.close();
  },
);

function copyAs(from: string, to: string): string {
  copyFileSync(from, to);
  return to;
}

test("parses the header that mrcfile writes, behind an extended header", async () => {
  const path = join(temporaryFolder(), "extended.mrc");
  mrcfile(
    path,
    `
shape = (3, 3, 3)
m = mrcfile.new(path)
m.set_data(${COUNTING}.astype("f4"))
m.set_extended_header(np.frombuffer(b"x" * 1536, dtype="V1"))
m.header.exttyp = b"SERI"
m.header.nxstart, m.header.nystart, m.header.nzstart = -1, 2, 3
m.voxel_size = 2
m.add_label("second label")
m.close()`,
  );
  const header = await readMrcHeader(disk.at(path));
  expect(header).toMatchObject({
    columns: 3,
    rows: 3,
    sections: 3,
    mode: 2,
    bytesPerPixel: 4,
    littleEndian: true,
    axisOrder: [1, 2, 3],
    spaceGroup: 1,
    pixelSizeAngstrom: [2, 2, 2],
    dataOffset: 1024 + 1536,
    // No ORIGIN: the start counts stand in.
    originAngstrom: [-2, 4, 6],
  });
  expect(header.labels[0]).toMatch(/^Created by mrcfile\.py/);
  expect(header.labels[1]).toMatch(/^second label/);
  expect(header.statistics.min).toBe(-60);
  expect(header.statistics.max).toBe(162);
  expect(header.statistics.mean).toBe(51); // 100 + 10 + 1 - 60
  expect(header.statistics.rms).toBeCloseTo(Math.sqrt((2 / 3) * 10101), 4); // variance 2/3 of 0, 1, 2 on each axis
  expect([...(await readStoredMap(disk.at(path))).data]).toEqual(counting(3, 3, 3));
});

test("a map without a cell, as the tutorial ribosome is, has pixel size 0", async () => {
  const path = join(temporaryFolder(), "ribosome.mrc");
  mrcfile(
    path,
    `
m = mrcfile.new(path)
m.set_data(np.linspace(-1, 1, 65**3, dtype="f4").reshape(65, 65, 65))
m.header.cella = (0, 0, 0)
m.close()`,
  );
  const volume = await readStoredMap(disk.at(path));
  expect(volume.shape).toEqual([65, 65, 65]);
  expect(volume.pixelSizeAngstrom).toBe(0);
  expect([volume.data[0], volume.data[65 ** 3 - 1]]).toEqual([-1, 1]);
});

test.each([
  [1, 3, 2],
  [2, 1, 3],
  [2, 3, 1],
  [3, 1, 2],
  [3, 2, 1],
])("turns axis order %i,%i,%i into z, y, x", async (mapc, mapr, maps) => {
  const path = join(temporaryFolder(), "axes.mrc");
  // The array is stored section, row, column; axis letters x y z are 1 2 3.
  mrcfile(
    path,
    `
shape = (2, 3, 4)
stored = np.transpose(${COUNTING}, [3 - ${maps}, 3 - ${mapr}, 3 - ${mapc}]).astype("f4")
m = mrcfile.new(path)
m.set_data(np.ascontiguousarray(stored))
h = m.header
h.mapc, h.mapr, h.maps = ${mapc}, ${mapr}, ${maps}
h.mx, h.my, h.mz = 4, 3, 2
h.cella = (8, 6, 4)
h[["nxstart", "nystart", "nzstart"][[${mapc}, ${mapr}, ${maps}].index(1)]] = 5
m.close()`,
  );
  const volume = await readStoredMap(disk.at(path));
  expect(volume.shape).toEqual([2, 3, 4]);
  expect([...volume.data]).toEqual(counting(2, 3, 4));
  expect(volume.pixelSizeAngstrom).toBe(2);
  expect(volume.originAngstrom).toEqual([10, 0, 0]);
});

function randomValues(n: number, mean: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: n }, () => {
    state = (state * 48271) % 2147483647;
    return mean + state / 2147483647;
  });
}

test("a written map passes mrcfile's validation and holds the same data", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "map.mrc");
  const volume: Volume = {
    data: randomValues(4 * 5 * 6, 3),
    shape: [4, 5, 6],
    pixelSizeAngstrom: 1.274,
    originAngstrom: [-1, 2, 3.5],
  };
  await writeMap(disk.at(path), volume, "half-map 1 of 5 Ångström");
  expect(readdirSync(folder)).toEqual(["map.mrc"]);
  const read = JSON.parse(
    mrcfile(
      path,
      `
import json
assert mrcfile.validate(path, print_file=sys.stderr)
m = mrcfile.open(path)
h = m.header
integers = {name: int(h[name]) for name in ("mode", "ispg", "mz", "nversion", "nlabl")}
xyz = lambda values: [float(values[a]) for a in "xyz"]
print(json.dumps(dict(integers, data=m.data.ravel().tolist(), shape=m.data.shape, volume=bool(m.is_volume()),
  voxel=xyz(m.voxel_size), origin=xyz(h.origin), label=h.label[0].decode())))`,
    ),
  );
  expect(read).toMatchObject({
    shape: [4, 5, 6],
    volume: true,
    mode: 2,
    ispg: 1,
    mz: 4,
    nversion: 20141,
    origin: [-1, 2, 3.5],
    nlabl: 1,
  });
  expect(read.data).toEqual([...volume.data]);
  expect(read.label.trim()).toBe("half-map 1 of 5 ?ngstr?m");
  for (const size of read.voxel) expect(size).toBeCloseTo(1.274, 5);
});

test("a map with NaN is not written over the one before", async () => {
  const path = join(temporaryFolder(), "map.mrc");
  writeFileSync(path, "before");
  const data = new Float32Array(8).fill(1);
  data[3] = NaN;
  await expect(
    writeMap(disk.at(path), { data, shape: [2, 2, 2], pixelSizeAngstrom: 1, originAngstrom: [0, 0, 0] }),
  ).rejects.toThrow("NaN");
  expect(readFileSync(path, "utf8")).toBe("before");
});

test.each([2, 12] as const)(
  "a written stack of mode %i passes mrcfile's validation and holds the same data",
  async (mode) => {
    const folder = temporaryFolder();
    const path = join(folder, "stack.mrcs");
    const images = randomValues(5 * 6 * 4, -0.5);
    const batches = function* () {
      yield images.subarray(0, 48);
      yield images.subarray(48);
      expect(readdirSync(folder)).not.toContain("stack.mrcs");
    };
    await writeStack(disk.at(path), { width: 4, height: 6, pixelSizeAngstrom: 3.25, mode }, batches());
    expect(readdirSync(folder)).toEqual(["stack.mrcs"]);
    writeFileSync(join(folder, "expected"), images);
    mrcfile(
      path,
      `
assert mrcfile.validate(path, print_file=sys.stderr)
m = mrcfile.open(path)
assert m.is_image_stack() and m.data.shape == (5, 6, 4) and m.header.mode == ${mode} and m.header.mz == 1
assert abs(m.voxel_size.x - 3.25) < 1e-6 and abs(m.voxel_size.y - 3.25) < 1e-6
expected = np.fromfile(path.replace("stack.mrcs", "expected"), "<f4").reshape(5, 6, 4)
assert np.array_equal(m.data, expected.astype(m.data.dtype))`,
    );
  },
);

test("a stack whose images end in an error leaves the one before", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "stack.mrcs");
  writeFileSync(path, "before");
  const stopped = new Error("stopped");
  const batches = async function* () {
    yield new Float32Array(4);
    throw stopped;
  };
  const writing = writeStack(disk.at(path), { width: 2, height: 2, pixelSizeAngstrom: 1, mode: 2 }, batches());
  await expect(writing).rejects.toBe(stopped);
  expect(readdirSync(folder)).toEqual(["stack.mrcs"]);
  expect(readFileSync(path, "utf8")).toBe("before");
});

test("stack writing refuses what would be a broken file", async () => {
  const path = join(temporaryFolder(), "stack.mrcs");
  const options = { width: 2, height: 2, pixelSizeAngstrom: 1, mode: 12 as const };
  const write = (...batches: Float32Array[]) => writeStack(disk.at(path), options, batches);
  await expect(write(new Float32Array(5))).rejects.toThrow("no whole number of 2 x 2 images");
  expect(await inputError(() => write(Float32Array.of(1, 2, 3, 70000)))).toBe(
    `cannot write ${path}: pixel value 70000 does not fit float16; use float32`,
  );
  await expect(write()).rejects.toThrow(`no image was written to ${path}`);
  const nowhere = join(path, "x.mrcs");
  expect(await inputError(() => writeStack(disk.at(nowhere), options, []))).toContain(`cannot write ${nowhere}: `);
});

test("images of a stack are all asked for before one is there, and none comes after a failure", async () => {
  const file = disk.at(join(temporaryFolder(), "stack.mrcs")),
    answers: (() => void)[] = [];
  let left = 0;
  await writeStack(file, { width: 3, height: 2, pixelSizeAngstrom: 1, mode: 2 }, [new Float32Array(4 * 6)]);
  const stack = await openStack({
    ...file,
    open: async () => {
      const open = await file.open();
      return {
        ...open,
        read: async (into, position) => {
          if (position === 0) return open.read(into, position); // the header
          await new Promise<void>((resolve) => answers.push(resolve));
          left--;
          if (position > 1024) throw new Error("no answer");
          return open.read(into, position);
        },
      };
    },
  });
  const reading = stack.read([0, 3, 1], new Float32Array(3 * 6));
  let ended = false;
  reading.catch(() => (ended = true));
  left = answers.length;
  expect(left).toBe(3);
  answers[1]!(); // fails
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(ended).toBe(false);
  for (const answer of answers) answer();
  await expect(reading).rejects.toThrow("no answer");
  expect(left).toBe(0);
  await stack.close();
});

test("openStack reads any indices in any order, runs and repeats included", async () => {
  const path = join(temporaryFolder(), "stack.mrc");
  mrcfile(
    path,
    `
m = mrcfile.new(path)
m.set_data(np.arange(10 * 2 * 3, dtype="i2").reshape(10, 2, 3))
m.set_image_stack()
m.voxel_size = 4
m.close()`,
  );
  const stack = await openStack(disk.at(path));
  expect(stack).toMatchObject({ count: 10, height: 2, width: 3, pixelSizeAngstrom: 4 });
  const indices = [7, 8, 9, 0, 1, 1, 2, 5, 4];
  const out = new Float32Array(indices.length * 6);
  await stack.read(indices, out);
  const imagesOf = (chosen: number[]): number[] => chosen.flatMap((i) => [0, 1, 2, 3, 4, 5].map((k) => 6 * i + k));
  expect([...out]).toEqual(imagesOf(indices));
  await stack.read([3, 4, 9, 6, 7], out, [1, 2, 0, 5, 7]); // 3 and 4 are read at once, 6 and 7 are not
  expect([...out]).toEqual(imagesOf([9, 3, 4, 0, 1, 6, 2, 7, 4]));
  expect(await inputError(() => stack.read([3, 10], out))).toBe(`${path} holds 10 images; there is no image 11`);
  await stack.close();
});

test("a truncated file tells how much is there", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "stack.mrcs");
  mrcfile(path, `mrcfile.write(path, np.zeros((10, 4, 5), "f4"))`);
  expect(statSync(path).size).toBe(1024 + 10 * 80);
  truncateSync(path, 1024 + 3 * 80 + 79);
  expect(await inputError(() => openStack(disk.at(path)))).toBe(
    `${path} is truncated: 10 images need 1824 bytes, the file holds 1343; ` +
      "the last whole image is number 3; copy or write it anew",
  );
  const map = copyAs(path, join(folder, "map.mrc"));
  expect(await inputError(() => readStoredMap(disk.at(map)))).toContain(
    "10 sections need 1824 bytes, the file holds 1343; the last whole section is number 3",
  );
  truncateSync(path, 1024);
  expect(await inputError(() => openStack(disk.at(path)))).toContain("the file holds 1024; no image is whole");
  truncateSync(path, 1000);
  expect(await inputError(() => openStack(disk.at(path)))).toBe(
    `${path} is not an MRC file: it holds 1000 bytes, the header alone has 1024`,
  );
});

test("volumes and stacks are told apart", async () => {
  const folder = temporaryFolder();
  const volume = join(folder, "volume.mrc");
  const stack = join(folder, "stack.mrc");
  const image = join(folder, "image.mrc");
  mrcfile(volume, `mrcfile.write(path, np.zeros((4, 4, 4), "f4"))`);
  mrcfile(image, `mrcfile.write(path, np.zeros((4, 4), "f4"))`);
  mrcfile(
    stack,
    `
m = mrcfile.new(path, np.zeros((7, 4, 4), "f4"))
m.set_image_stack()
m.close()`,
  );
  expect(await inputError(() => openStack(disk.at(volume)))).toBe(
    `${volume} is a volume (4 x 4 x 4) where an image stack is needed; name it .mrcs if it is a stack`,
  );
  expect(await inputError(() => readStoredMap(disk.at(stack)))).toBe(
    `${stack} is a stack (7 images of 4 x 4) where a volume is needed`,
  );
  expect(await inputError(() => readStoredMap(disk.at(image)))).toBe(
    `${image} is a single 4 x 4 image where a volume is needed`,
  );
  const named = copyAs(volume, join(folder, "named.mrcs"));
  expect(await inputError(() => readStoredMap(disk.at(named)))).toContain("is a stack (4 images of 4 x 4)");
  for (const [path, count] of [
    [named, 4],
    [stack, 7],
    [image, 1],
  ] as const) {
    const opened = await openStack(disk.at(path));
    expect(opened.count).toBe(count);
    await opened.close();
  }
});

test("files that are no MRC files, or of kinds that are not read, are refused by name", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "x.mrc");
  expect(await inputError(() => readStoredMap(disk.at(path)))).toBe(`cannot read ${path}: no such file or folder`);
  expect(await inputError(() => readStoredMap(disk.at(folder)))).toBe(`cannot read ${folder}: it is a folder`);
  writeFileSync(path, Buffer.alloc(2000, "text "));
  expect(await inputError(() => readMrcHeader(disk.at(path)))).toBe(
    `${path} is not an MRC file: its header makes sense in neither byte order`,
  );
  writeFileSync(path, Uint8Array.of(0x1f, 0x8b, 8, 0));
  expect(await inputError(() => readStoredMap(disk.at(path)))).toBe(`${path} is compressed; unpack it with gunzip`);
  mrcfile(path, `mrcfile.write(path, np.zeros((4, 4, 4), "c8"), overwrite=True)`);
  expect(await inputError(() => readStoredMap(disk.at(path)))).toBe(
    `${path} has MRC mode 4 (complex float32); modes 0, 1, 2, 6 and 12 can be read`,
  );
  mrcfile(path, `mrcfile.write(path, np.zeros((4, 4, 4), "f4"), overwrite=True, voxel_size=(1, 1, 2))`);
  expect(await inputError(() => readStoredMap(disk.at(path)))).toBe(
    `${path} has pixels that are not square: 1.0000 x 1.0000 x 2.0000 Å`,
  );
  mrcfile(
    path,
    `
m = mrcfile.new(path, np.zeros((4, 4, 4), "f4"), overwrite=True)
m.header.maps = 1
m.close()`,
  );
  expect(await inputError(() => readStoredMap(disk.at(path)))).toContain("axis order (MAPC, MAPR, MAPS) is 1, 2, 1");
});
