/** Small files as they should be, to be spoilt. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeMrcHeader } from "../../src/io/mrcHeader.ts";
import { serialize } from "../../src/io/serialize.ts";
import { syntheticEvents } from "../web/syntheticRun.ts";

const data = (...parts: string[]): Uint8Array => readFileSync(join(import.meta.dirname, "../data", ...parts));
export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Images or a map of 10³ pixels of any mode, with values that differ. */
function mrc(mode: number, isStack: boolean): Uint8Array {
  const n = 10;
  const header = encodeMrcHeader({
    columns: n,
    rows: n,
    sections: n,
    mode: 2,
    pixelSizeAngstrom: 4,
    originAngstrom: [0, 0, 0],
    isStack,
    statistics: { min: 0, max: 1, mean: 0.5, rms: 0.3 },
    label: "a seed",
  });
  new DataView(header.buffer).setInt32(12, mode, true);
  const shares = Array.from({ length: n ** 3 }, (_, i) => ((i * 37) % 101) / 100);
  const pixels = {
    0: () => Int8Array.from(shares, (v) => 100 * v),
    1: () => Int16Array.from(shares, (v) => 100 * v),
    2: () => Float32Array.from(shares),
    6: () => Uint16Array.from(shares, (v) => 100 * v),
    12: () => Uint16Array.from(shares, (v) => 0x3000 + 100 * v),
  }[mode]!();
  return Buffer.concat([header, new Uint8Array(pixels.buffer)]);
}
const modes = [0, 1, 2, 6, 12];
export const maps = modes.map((mode) => mrc(mode, false));
export const stacks = modes.map((mode) => mrc(mode, true));
/** Voxels from 0 to 1. */
export const masks = [mrc(2, false)];
export const stack = mrc(2, true);

const optics = `
# version 30001

data_optics

loop_
_rlnOpticsGroup #1
_rlnOpticsGroupName #2
_rlnVoltage #3
_rlnSphericalAberration #4
_rlnAmplitudeContrast #5
_rlnImagePixelSize #6
_rlnImageSize #7
_rlnImageDimensionality #8
_rlnBeamTiltX #9
_rlnOddZernike #10
1 krios 300 2.7 0.1 4.0 10 2 0 [0,0]
2 "talos two" 200 2.0 0.07 4.0 10 2 1.5 [1,-2.5]

data_particles

loop_
_rlnImageName #1
_rlnMicrographName #2
_rlnOpticsGroup #3
_rlnDefocusU #4
_rlnDefocusV #5
_rlnDefocusAngle #6
_rlnPhaseShift #7
_rlnAngleRot #8
_rlnAngleTilt #9
_rlnAnglePsi #10
_rlnOriginXAngst #11
_rlnOriginYAngst #12
_rlnRandomSubset #13
`;
const rows = Array.from(
  { length: 10 },
  (_, i) =>
    `${String(i + 1).padStart(6, "0")}@a.mrcs m${i % 3}.mrc ${1 + (i % 2)} ${12000 + i * 100}.5 ${11000 + i * 100} ` +
    `${i * 10} 0 ${i} ${2 * i} -${i} 1.5 -2 ${1 + (i % 2)}`,
);
const starOf = (some: readonly string[]): Uint8Array => text(`${optics}${some.join("\n")}\n`);
export const particleStars = [starOf(rows), data("formats", "relion5.star"), data("formats", "empiar_10076_7.star")];
/** Some of the particles of the first. */
export const leftOut = [starOf(rows.slice(2, 6))];

/** A table as numpy writes it, one row after the other. */
function cs(
  fields: readonly [descr: string, value: (row: number, view: DataView, at: number) => void, bytes: number][],
) {
  const descr = fields.map(([field]) => field).join(", ");
  const header = `{'descr': [${descr}], 'fortran_order': False, 'shape': (10,), }\n`;
  const rowBytes = fields.reduce((sum, [, , bytes]) => sum + bytes, 0);
  const bytes = new Uint8Array(10 + header.length + 10 * rowBytes),
    view = new DataView(bytes.buffer);
  bytes.set([0x93, ...text("NUMPY"), 1, 0]);
  view.setUint16(8, header.length, true);
  bytes.set(text(header), 10);
  let at = 10 + header.length;
  for (let row = 0; row < 10; row++)
    for (const [, value, size] of fields) {
      value(row, view, at);
      at += size;
    }
  return bytes;
}
const f4 =
  (...numbers: ((row: number) => number)[]) =>
  (row: number, view: DataView, at: number): void =>
    numbers.forEach((value, i) => view.setFloat32(at + 4 * i, value(row), true));
const u4 =
  (...numbers: ((row: number) => number)[]) =>
  (row: number, view: DataView, at: number): void =>
    numbers.forEach((value, i) => view.setUint32(at + 4 * i, value(row), true));
const csWithStack = cs([
  ["('uid', '<u8')", (row, view, at) => view.setBigUint64(at, 2n ** 63n + BigInt(row), true), 8],
  ["('blob/path', '|S8')", (_, view, at) => text(">a.mrcs").forEach((byte, i) => view.setUint8(at + i, byte)), 8],
  ["('blob/idx', '<u4')", u4((row) => row), 4],
  [
    "('blob/shape', '<u4', (2,))",
    u4(
      () => 10,
      () => 10,
    ),
    8,
  ],
  ["('blob/psize_A', '<f4')", f4(() => 4), 4],
  ["('blob/sign', '<f4')", f4((row) => (row < 7 ? 1 : -1)), 4],
  ["('ctf/df1_A', '<f4')", f4((row) => 12_000 + row), 4],
  ["('ctf/df2_A', '<f4')", f4((row) => 11_000 + row), 4],
  ["('ctf/df_angle_rad', '<f4')", f4((row) => row / 3), 4],
  ["('ctf/accel_kv', '<f4')", f4(() => 300), 4],
  ["('ctf/cs_mm', '<f4')", f4(() => 2.7), 4],
  ["('ctf/amp_contrast', '<f4')", f4(() => 0.1), 4],
  [
    "('ctf/tilt_A', '<f4', (2,))",
    f4(
      () => 0.5,
      () => -1,
    ),
    8,
  ],
  ["('ctf/exp_group_id', '<u4')", u4((row) => row % 2), 4],
  [
    "('alignments3D/pose', '<f4', (3,))",
    f4(
      (row) => row / 5,
      () => 1,
      () => -1,
    ),
    12,
  ],
  ["('alignments3D/split', '<u4')", u4((row) => row % 2), 4],
]);
export const particleCs = [
  csWithStack,
  data("formats", "empiar_10076_7.cs"),
  data("formats", "cryosparc_J2_particles_exported.cs"),
];

const atoms: [string, number, number, number][] = [
  ["N", 1.5, 2.25, -3],
  ["C", 2.5, 2.25, -3],
  ["O", 2.5, 3.5, -3.125],
  ["S", 4, 3.5, 0],
];
export const pdbs = [
  text(
    [
      "HEADER    A SEED",
      ...atoms.map(([element, x, y, z], i) =>
        [
          `ATOM  ${String(i + 1).padStart(5)}  ${element.padEnd(3)} ALA A${String(1).padStart(4)}    `,
          ...[x, y, z].map((c) => c.toFixed(3).padStart(8)),
          "  1.00 20.00".padEnd(22),
          element.padStart(2),
        ].join(""),
      ),
      "END",
      "",
    ].join("\n"),
  ),
];
const atomColumns = "group_PDB id type_symbol Cartn_x Cartn_y Cartn_z occupancy B_iso_or_equiv pdbx_PDB_model_num";
export const mmcifs = [
  text(
    [
      "data_SEED",
      "#",
      "_entry.id   SEED",
      "loop_",
      ...atomColumns.split(" ").map((name) => `_atom_site.${name}`),
      ...atoms.map(([element, ...xyz], i) => `ATOM ${i + 1} ${element} ${xyz.join(" ")} 1.00 20.5 1`),
      "#",
      "",
    ].join("\n"),
  ),
];

export const defocusTables = [
  text(
    "micrograph,defocus_u_angstrom,defocus_v_angstrom,defocus_angle_degrees\n" +
      Array.from({ length: 5 }, (_, i) => `${i},${12000 + i},${11500 + i},${10 * i}\n`).join(""),
  ),
];
export const viewTables = [
  text(
    `data_\nloop_\n_rlnAngleRot\n_rlnAngleTilt\n${Array.from({ length: 5 }, (_, i) => `${i} ${10 * i}\n`).join("")}`,
  ),
];
export const groupFiles = [data("cases", "foreign-files", "particles.csg")];

export const checkpoints = [
  serialize({
    format: "cryogan-checkpoint-15",
    schedule: {
      stages: [{ kind: "adversarial", maxRadius: 8, iterations: 5 }],
      spectra: { noise: Float64Array.of(1, 2), signal: Float64Array.of(3, 4) },
      workingBox: 16,
    },
    stage: 0,
    elapsedSeconds: NaN,
    paces: {},
    finished: false,
    volume: { n: 2, data: new Float32Array(8) },
    shifts: Float32Array.of(1, 2, 3, 4),
  }),
];

const json = (value: unknown): Uint8Array => text(JSON.stringify(value, null, 1));
export const configs = [
  json({
    particlesFile: "/data/particles.star",
    symmetry: "D2",
    halfMaps: true,
    timeLimit: 600,
    box: 64,
    seed: 3,
    used: { particles: 5000, box: 64, maskRadius: 0.45, shiftSigma: 0, stages: [] },
  }),
];
export const events = [
  text(
    syntheticEvents()
      .map((event) => `${JSON.stringify(event)}\n`)
      .join(""),
  ),
];
const curve = [1, 0.8, 0.3, 0.1];
export const fscs = [
  json({
    boxSize: 8,
    pixelSizeAngstrom: 4,
    finestShell: 4,
    finestAngstrom: 8,
    frequency: curve.map((_, i) => (i + 1) / 32),
    resolutionAngstrom: curve.map((_, i) => 32 / (i + 1)),
    fsc: curve,
    resolutionCurve: "fsc",
    resolution05Angstrom: 14,
    resolution0143Angstrom: 9.5,
    resolution05OrBetter: false,
    resolution0143OrBetter: false,
  }),
];
export const spectra = [json({ frequency: curve, noisePower: curve, signalPower: curve })];
export const examples = [json({ boxSize: 2, real: [curve], simulated: [curve], projections: [curve] })];
