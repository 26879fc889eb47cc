/** The structures of the mixtures. */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { Volume } from "../../src/base/types.ts";
import { resample } from "../../src/evaluate/resample.ts";
import { type Atoms, readAtoms } from "../../src/io/atoms.ts";
import { disk } from "../../src/io/disk.ts";
import { CIF } from "../../src/io/molstarReaders.ts";
import { readMap } from "../../src/io/mrc.ts";
import { densityFromAtoms, orientByInertia } from "../../src/physics/density.ts";
import { createStream } from "../../src/runtime/random.ts";

const file = (name: string): string => new URL(`../../data/${name}`, import.meta.url).pathname;

export interface Grid {
  boxSize: number;
  pixelSizeAngstrom: number;
}

/** The 70S ribosome. */
export async function ribosome({ boxSize, pixelSizeAngstrom }: Grid): Promise<Volume> {
  return resample(
    await readMap(disk.at(file("ribosome-70s-65.mrc")), { pixelSizeAngstrom: 5 }),
    boxSize,
    pixelSizeAngstrom,
  );
}

/** β-galactosidase, D2 about the axes: its chains A to D, or some of them. */
export async function betagal({ boxSize, pixelSizeAngstrom }: Grid, chains = "ABCD"): Promise<Volume> {
  const { atoms, chainOf } = await betagalAtoms(),
    kept = Array.from({ length: atoms.count }, (_, i) => i).filter((i) => chains.includes(chainOf(i)));
  return densityFromAtoms(pick(atoms, kept), {
    boxSize,
    pixelSizeAngstrom,
    resolutionAngstrom: 2 * pixelSizeAngstrom,
    center: false,
  });
}

/**
 * β-galactosidase whose half at positive x is turned about the z axis through the middle of the molecule, by an angle
 * in degrees; its centre of mass in the middle of the box.
 */
export async function hingedBetagal({ boxSize, pixelSizeAngstrom }: Grid, degrees: number): Promise<Volume> {
  const { atoms, chainOf } = await betagalAtoms(),
    middles = new Map<string, { x: number; count: number }>();
  for (let i = 0; i < atoms.count; i++) {
    const { x, count } = middles.get(chainOf(i)) ?? { x: 0, count: 0 };
    middles.set(chainOf(i), { x: x + atoms.x[i]!, count: count + 1 });
  }
  const turns = (i: number): boolean => middles.get(chainOf(i))!.x > 0,
    c = Math.cos((degrees * Math.PI) / 180),
    s = Math.sin((degrees * Math.PI) / 180);
  return densityFromAtoms(
    {
      ...atoms,
      x: atoms.x.map((x, i) => (turns(i) ? c * x - s * atoms.y[i]! : x)),
      y: atoms.y.map((y, i) => (turns(i) ? s * atoms.x[i]! + c * y : y)),
    },
    { boxSize, pixelSizeAngstrom, resolutionAngstrom: 2 * pixelSizeAngstrom },
  );
}

interface Chains {
  atoms: Atoms;
  /** Of each atom, by its name in the file. */
  chainOf(i: number): string;
}
let known: Promise<Chains> | undefined;
/** Read once. */
const betagalAtoms = (): Promise<Chains> => (known ??= readBetagal());

async function readBetagal(): Promise<Chains> {
  const path = file("5a1a.cif.gz"),
    atoms = orientByInertia(await readAtoms(disk.at(path))),
    parsed = await CIF.parseText(gunzipSync(await readFile(path)).toString()).run();
  if (parsed.isError) throw new Error(parsed.message);
  const chain = parsed.result.blocks[0]!.categories.atom_site!.getField("auth_asym_id")!;
  return { atoms, chainOf: (i) => chain.str(i) };
}

function pick(atoms: Atoms, chosen: readonly number[]): Atoms {
  const of = (values: Float64Array): Float64Array => Float64Array.from(chosen, (i) => values[i]!);
  return {
    count: chosen.length,
    source: atoms.source,
    x: of(atoms.x),
    y: of(atoms.y),
    z: of(atoms.z),
    element: chosen.map((i) => atoms.element[i]!),
    bFactorAngstrom2: of(atoms.bFactorAngstrom2),
    occupancy: of(atoms.occupancy),
  };
}

/** A lump of ice: Gaussians of 15 to 30 Å at random within 60 Å of the centre. */
export function iceBlob({ boxSize, pixelSizeAngstrom }: Grid, seed: number): Volume {
  const stream = createStream(seed, "ice"),
    data = new Float32Array(boxSize ** 3);
  for (let k = 0; k < 6; k++) {
    const at = [0, 1, 2].map(() => boxSize / 2 + ((2 * stream.uniform() - 1) * 60) / pixelSizeAngstrom / Math.sqrt(3)),
      width = (15 + 15 * stream.uniform()) / pixelSizeAngstrom;
    for (let z = 0, i = 0; z < boxSize; z++)
      for (let y = 0; y < boxSize; y++)
        for (let x = 0; x < boxSize; x++, i++)
          data[i]! += Math.exp(-((x - at[0]!) ** 2 + (y - at[1]!) ** 2 + (z - at[2]!) ** 2) / (2 * width ** 2));
  }
  return { data, shape: [boxSize, boxSize, boxSize], pixelSizeAngstrom, originAngstrom: [0, 0, 0] };
}
