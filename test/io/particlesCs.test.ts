/** .cs files as numpy reads them, against files that cryoSPARC wrote and formulas written anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { ParticleSet } from "../../src/base/types.ts";
import { groupFileText } from "../../src/io/csg.ts";
import { writeCs } from "../../src/io/csWrite.ts";
import { disk } from "../../src/io/disk.ts";
import { particlesOfStack, readParticles, subset } from "../../src/io/particles.ts";
import { rotationVector, writeParticlesCs } from "../../src/io/particlesCs.ts";
import { uidOf, uidsOf } from "../../src/io/uids.ts";
import { createStream } from "../../src/runtime/random.ts";
import { formats, inputError, installTestDebs, python, temporaryFolder } from "./helpers.ts";

const folder = temporaryFolder(),
  at = (name: string) => join(folder, name);
beforeAll(installTestDebs);

/** Poses at random, and those at which angles or vectors are not unique. */
function madeSet(count: number): ParticleSet {
  const stream = createStream(1, "poses"),
    column = (value: (i: number) => number) => Float64Array.from({ length: count }, (_, i) => value(i)),
    uniform = (least: number, most: number) => column(() => least + (most - least) * stream.uniform());
  const special = [
    [0, 0, 0],
    [0, Math.PI, 0],
    [1, 0, -0.25],
    [2, 1e-9, -2],
    [Math.PI / 2, Math.PI, Math.PI / 2],
    [0, 0, Math.PI],
    [-Math.PI, Math.PI / 2, Math.PI],
  ];
  const angles = [uniform(-Math.PI, Math.PI), uniform(0, Math.PI), uniform(-Math.PI, Math.PI)] as const;
  special.forEach((triple, i) => triple.forEach((angle, k) => (angles[k]![i] = angle)));
  return particlesOfStack("/data/stäck.mrcs", {
    boxSize: 32,
    pixelSizeAngstrom: 1.5,
    optics: {
      defocusUAngstrom: uniform(8000, 20_000),
      defocusVAngstrom: uniform(8000, 20_000),
      astigmatismAngle: uniform(-2, 2),
      phaseShift: uniform(0, 1.5),
      voltageKv: column(() => 200),
      sphericalAberrationMm: column(() => 2.7),
      amplitudeContrast: column(() => 0.07),
      bFactorAngstrom2: uniform(0, 50),
    },
    poses: {
      rot: angles[0],
      tilt: angles[1],
      psi: angles[2],
      originXAngstrom: uniform(-9, 9),
      originYAngstrom: uniform(-9, 9),
    },
  });
}

test("what cryoSPARC wrote of images and CTF comes out as it was, in names, types, order and values", async () => {
  const path = join(formats, "cryosparc_J2_particles_exported.cs"),
    set = await readParticles(disk, path, { projectRoot: folder });
  await writeParticlesCs(disk.at(at("again.cs")), set, {
    stackNames: [">J1/imported/000090334788266266069_18jam15b_0345_ali_DW.mrcs"],
  });
  const differing = python(
    `
import sys, numpy as np
there, here = np.load(sys.argv[1]), np.load(sys.argv[2])
shared = [name for name in there.dtype.names if not name.startswith("alignments2D")]
assert here.dtype.names == tuple(shared), here.dtype.names
same = lambda name: here.dtype[name] == there.dtype[name] and np.array_equal(here[name], there[name])
print([name for name in shared if not same(name)])`,
    path,
    at("again.cs"),
  );
  expect(differing.trim()).toBe("['blob/import_sig']"); // of the file that the particles were imported from
});

test("poses are RELION's by Rodrigues' formula, shifts in pixels, and the fields those of cryoSPARC", async () => {
  const set = { ...madeSet(500), randomSubset: Int32Array.from({ length: 500 }, (_, i) => 1 + (i % 2)) };
  set.classNumber = Int32Array.from({ length: 500 }, (_, i) => 1 + (i % 3));
  const options = { stackNames: [">stacks/stäck.mrcs"], poses: true };
  await writeParticlesCs(disk.at(at("poses.cs")), set, { ...options, classes: true });
  const { rot, tilt, psi, originXAngstrom, originYAngstrom } = set.poses!;
  writeFileSync(
    at("poses.json"),
    JSON.stringify([rot, tilt, psi, originXAngstrom, originYAngstrom].map((values) => [...values])),
  );
  python(
    `
import sys, json, numpy as np
cs, recorded = np.load(sys.argv[1]), np.load(sys.argv[3])
rot, tilt, psi, x, y = np.array(json.load(open(sys.argv[2])))
# RELION's matrix turns coordinate axes: about z, the new y, the new z.
z = lambda a: np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])
y2 = lambda a: np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
for i, vector in enumerate(cs["alignments3D/pose"].astype("f8")):
    angle = np.linalg.norm(vector)
    assert angle <= np.pi + 1e-6
    u = vector / angle if angle > 0 else vector
    k = np.array([[0, -u[2], u[1]], [u[2], 0, -u[0]], [-u[1], u[0], 0]])
    r = np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k
    # pyem: the transpose of the rotation matrix of the vector is RELION's.
    assert np.abs(r.T - z(psi[i]) @ y2(tilt[i]) @ z(rot[i])).max() < 1e-6, i
assert np.abs(cs["alignments3D/shift"] * 1.5 - np.stack([x, y], 1)).max() < 1e-5
assert (cs["alignments3D/psize_A"] == 1.5).all()
assert cs["alignments3D/class"].tolist() == [i % 3 for i in range(500)]
assert cs["alignments3D/split"].tolist() == [i % 2 for i in range(500)]
assert (cs["alignments3D/class_posterior"] == 1).all() and (cs["alignments3D/alpha"] == 1).all()
assert cs["blob/path"][0].decode() == ">stacks/stäck.mrcs" and cs["blob/idx"].tolist() == list(range(500))
# The fields are those of 2-D classes, which cryoSPARC wrote, but for a pose of three numbers.
of = lambda table, group: {n.split("/")[1]: table.dtype[n] for n in table.dtype.names if n.startswith(group)}
two, three = of(recorded, "alignments2D"), of(cs, "alignments3D")
assert three.pop("pose") == np.dtype(("<f4", (3,))) and two.pop("pose") == np.dtype("<f4")
assert list(two) == [n for n in three] and two == three, (two, three)`,
    at("poses.cs"),
    at("poses.json"),
    join(formats, "cryosparc_J2_particles_exported.cs"),
  );
  await writeParticlesCs(disk.at(at("one.cs")), set, options);
  expect(python(`import sys, numpy as np\nprint(np.load(sys.argv[1])["alignments3D/class"].max())`, at("one.cs"))).toBe(
    "0\n",
  );

  const read = await readParticles(disk, at("poses.cs"), { projectRoot: "/data" });
  for (const key of ["originXAngstrom", "originYAngstrom"] as const)
    read.poses![key].forEach((value, i) => expect(value).toBeCloseTo(set.poses![key][i]!, 5));
  expect(read.randomSubset).toEqual(set.randomSubset);
  for (const [key, values] of Object.entries(read.optics))
    expect(values).toEqual(Float64Array.from(Float32Array.from(set.optics[key as keyof typeof set.optics]!)));
});

test("the rotation vector of no rotation is 0, of a half turn pi long", () => {
  expect(rotationVector(0, 0, 0)).toEqual([0, 0, 0]);
  expect(Math.hypot(...rotationVector(0, Math.PI, 0))).toBeCloseTo(Math.PI, 12);
  expect(Math.hypot(...rotationVector(3, 0, 3))).toBeCloseTo(2 * Math.PI - 6, 12);
});

test("more rows than are written at once, as numpy reads them", async () => {
  const count = 20_001;
  await writeCs(disk.at(at("long.cs")), count, [
    { name: "uid", type: "u8", value: (i) => (1n << 64n) - 1n - BigInt(i) },
    { name: "text", type: "S", value: (i) => "abc".repeat(i % 3) },
    { name: "pair", type: "u4", length: 2, value: (i, k) => 2 ** 31 + 2 * i + k },
  ]);
  python(
    `
import sys, numpy as np
raw = open(sys.argv[1], "rb").read(10)
assert raw[:8] == b"\\x93NUMPY\\x01\\x00" and (10 + int.from_bytes(raw[8:], "little")) % 64 == 0
t, i = np.load(sys.argv[1]), np.arange(${count})
assert t.dtype.descr == [("uid", "<u8"), ("text", "|S7"), ("pair", "<u4", (2,))], t.dtype
assert (t["uid"] == np.uint64(2**64 - 1) - i.astype("u8")).all()
assert (t["text"] == np.array([b"", b"abc", b"abcabc"])[i % 3]).all()
assert (t["pair"] == 2**31 + 2 * i[:, None] + [0, 1]).all()`,
    at("long.cs"),
  );
});

describe("names of particles", () => {
  test("are the file's, else distinct, of all bits, and of an image the same in every selection", () => {
    const set = madeSet(20_000),
      uids = uidsOf(set);
    expect(new Set(uids).size).toBe(set.count);
    expect(uidsOf(subset(set, Int32Array.of(7, 19_999)))).toEqual(BigUint64Array.of(uids[7]!, uids[19_999]!));
    for (let bit = 0n; bit < 64n; bit++) {
      const share = uids.reduce((sum, uid) => sum + Number((uid >> bit) & 1n), 0) / set.count;
      expect(Math.abs(share - 0.5)).toBeLessThan(0.02); // 5 standard deviations
    }
    const named = { ...set, uid: BigUint64Array.from(uids, (uid) => uid + 1n) };
    expect(uidsOf(named)).toBe(named.uid);
    expect(uidOf("/a/map.mrc")).not.toBe(uidOf("/b/map.mrc"));
  });

  test("differ where an image is listed twice", () => {
    const set = madeSet(10);
    set.imageIndex.fill(3);
    expect(new Set(uidsOf(set)).size).toBe(10);
  });
});

test("sign: bright is -1, dark 1, and of rows that differ each its own", async () => {
  const set = { ...subset(madeSet(10), Int32Array.of(0, 1)), sign: Int8Array.of(1, -1) };
  const signs = async (dark: boolean) => {
    await writeParticlesCs(disk.at(at("sign.cs")), set, { stackNames: ["x"], dark });
    return python(`import sys, numpy as np\nprint(np.load(sys.argv[1])["blob/sign"].tolist())`, at("sign.cs")).trim();
  };
  expect([await signs(false), await signs(true)]).toEqual(["[-1.0, 1.0]", "[1.0, -1.0]"]);
});

test("images whose phases were flipped are refused, as no field tells of it", async () => {
  const set = madeSet(10);
  set.optics.phaseFlipped = Float64Array.from({ length: 10 }, (_, i) => Number(i === 4));
  expect(await inputError(() => writeParticlesCs(disk.at(at("flipped.cs")), set, { stackNames: ["x"] }))).toBe(
    "/data/stäck.mrcs: image 5: the phases of the image were flipped, which a .cs file cannot tell; " +
      "extract the particles without",
  );
});

test("a group file is like the one among the cases, and the reader tells what it names", async () => {
  const text = groupFileText({
    type: "particle",
    name: "particles",
    title: "Particles",
    description: "x",
    file: "J2_particles.cs",
    count: 600,
    results: { blob: "particle.blob" },
    created: new Date("2024-01-01T10:20:30.456Z"),
  });
  const recorded = readFileSync(join(import.meta.dirname, "../data/cases/foreign-files/particles.csg"), "utf8");
  const alike = (content: string) => content.replace(/^created: .*/, "created").replace(/^version: .*/m, "version");
  expect(alike(text)).toBe(alike(recorded));
  expect(text).toMatch(/^created: 2024-01-01 10:20:30\.456000\n/);
  writeFileSync(at("a.csg"), text);
  expect(await inputError(() => readParticles(disk, at("a.csg")))).toContain("give the .cs file J2_particles.cs");
});
