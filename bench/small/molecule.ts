/** Small molecules as they lie in ice: whole domains of β-galactosidase, and a micelle about one of them. */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { Volume } from "../../src/base/types.ts";
import { type Atoms, readAtoms } from "../../src/io/atoms.ts";
import { disk } from "../../src/io/disk.ts";
import { CIF } from "../../src/io/molstarReaders.ts";
import { densityFromAtoms } from "../../src/physics/density.ts";
import { cosineEdge } from "../../src/physics/mask.ts";

/** First and last residue of a domain. */
export type Residues = readonly [first: number, last: number];

export interface Micelle {
  /** The domain in its middle, and the one whose direction is the membrane's normal. */
  about: Residues;
  towards: Residues;
}

/** Atomic masses, and the share of a protein's mass that its hydrogens have: the model holds none. */
const masses: Record<string, number> = { C: 12.011, N: 14.007, O: 15.999, S: 32.06 };
const hydrogenShare = 0.07;
/** Å³ for a dalton of protein (Harpaz, Gerstein & Chothia 1994, Structure 2, 641). */
const volumePerDalton = 1.21;
/** Scattering density of vitreous ice (0.93 g/cm³) over that of protein (1.37 g/cm³), from the atoms of both. */
const iceOverProtein = 0.57;

/** Å; and the range of filling that counts as the protein's surface. */
const spread = 2,
  surface = 0.3;

/**
 * Half-axis of the micelle along the membrane's normal, how far it reaches beyond the protein across it, and the
 * thickness of its head groups, Å: a belt of 40 Å, as of maltosides.
 */
const halfThickness = 20,
  belt = 22,
  heads = 8,
  softEdge = 4;
/** Contrast of head groups and of alkyl chains with ice, relative to that of protein. */
const headContrast = 1,
  chainContrast = -0.2;

/** Atoms of chain A of an mmCIF file, those of the residues named. */
export async function domainAtoms(path: string, residues: readonly Residues[]): Promise<Atoms> {
  const atoms = await readAtoms(disk.at(path)),
    parsed = await CIF.parseText(gunzipSync(await readFile(path)).toString()).run();
  if (parsed.isError) throw new Error(parsed.message);
  const sites = parsed.result.blocks[0]!.categories.atom_site!,
    chain = sites.getField("auth_asym_id")!,
    residue = sites.getField("auth_seq_id")!,
    record = sites.getField("group_PDB")!;
  const chosen: number[] = [];
  for (let i = 0; i < atoms.count; i++)
    if (record.str(i) === "ATOM" && chain.str(i) === "A" && isWithin(residue.int(i), residues)) chosen.push(i);
  const pick = (values: Float64Array): Float64Array => Float64Array.from(chosen, (i) => values[i]!);
  return {
    count: chosen.length,
    source: path,
    x: pick(atoms.x),
    y: pick(atoms.y),
    z: pick(atoms.z),
    element: chosen.map((i) => atoms.element[i]!),
    bFactorAngstrom2: pick(atoms.bFactorAngstrom2),
    occupancy: pick(atoms.occupancy),
  };
}

const isWithin = (residue: number, ranges: readonly Residues[]): boolean =>
  ranges.some(([first, last]) => residue >= first && residue <= last);

/** Mass with hydrogens, Da. */
export const massOf = ({ element }: Atoms): number =>
  element.reduce((sum, symbol) => sum + masses[symbol]!, 0) / (1 - hydrogenShare);

/**
 * The contrast of domains with the ice about them, on a cubic grid, Å⁻² as of `densityFromAtoms`: their potential less
 * that of the ice, everywhere the same, whose place they take. The centre is that of the protein or, with a micelle,
 * midway between the two.
 */
export async function moleculeInIce(
  path: string,
  residues: readonly Residues[],
  boxSize: number,
  pixelSizeAngstrom: number,
  micelle?: Micelle,
): Promise<Volume> {
  const placed = await domainAtoms(path, residues),
    middle = centreOf(placed);
  const inside = micelle && (await domainAtoms(path, [micelle.about])),
    waist = inside ? centreOf(inside) : middle,
    origin = middle.map((v, i) => (v + waist[i]!) / 2);
  const atoms = moved(placed, origin),
    resolutionAngstrom = 2 * pixelSizeAngstrom;
  const density = densityFromAtoms(atoms, { boxSize, pixelSizeAngstrom, resolutionAngstrom, center: false });
  const volume = (volumePerDalton * massOf(atoms)) / atoms.count,
    occupied = envelope(atoms, volume, boxSize, pixelSizeAngstrom);
  const protein = density.data.reduce((sum, v) => sum + v, 0) / occupied.reduce((sum, v) => sum + v, 0),
    contrast = (1 - iceOverProtein) * protein;
  density.data.forEach((v, i) => (density.data[i] = v - iceOverProtein * protein * occupied[i]!));
  if (!micelle || !inside) return density;
  const normal = unit(centreOf(await domainAtoms(path, [micelle.towards])).map((v, i) => v - waist[i]!));
  const share = micelleAbout(moved(inside, origin), normal, boxSize, pixelSizeAngstrom);
  density.data.forEach((v, i) => (density.data[i] = v + contrast * share[i]! * (1 - occupied[i]!)));
  return density;
}

const centreOf = ({ x, y, z, count }: Atoms): number[] =>
  [x, y, z].map((along) => along.reduce((sum, v) => sum + v, 0) / count);
const unit = (v: readonly number[]): number[] => v.map((c) => c / Math.hypot(...v));
const moved = (atoms: Atoms, [x, y, z]: readonly number[]): Atoms => ({
  ...atoms,
  x: atoms.x.map((v) => v - x!),
  y: atoms.y.map((v) => v - y!),
  z: atoms.z.map((v) => v - z!),
});

/**
 * Where the protein is, 0 to 1: atoms of the volume given, each spread to a Gaussian wider than the gaps between them,
 * fill it evenly, and half at its surface.
 */
function envelope(atoms: Atoms, volume: number, n: number, pixel: number): Float32Array {
  const sigma = spread / pixel,
    peak = volume / (2 * Math.PI * spread ** 2) ** 1.5,
    reach = Math.ceil(4 * sigma),
    half = Math.floor(n / 2),
    out = new Float32Array(n ** 3);
  const profile = (middle: number): [first: number, values: Float64Array] => {
    const first = Math.round(middle) - reach;
    return [
      first,
      Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((first + i - middle) / sigma) ** 2)),
    ];
  };
  for (let a = 0; a < atoms.count; a++) {
    const [[z0, z], [y0, y], [x0, x]] = [atoms.z, atoms.y, atoms.x].map((along) =>
      profile(along[a]! / pixel + half),
    ) as [ReturnType<typeof profile>, ReturnType<typeof profile>, ReturnType<typeof profile>];
    for (let i = 0; i < z.length; i++)
      for (let j = 0; j < y.length; j++) {
        const row = ((z0 + i) * n + y0 + j) * n + x0,
          height = peak * z[i]! * y[j]!;
        for (let k = 0; k < x.length; k++) out[row + k]! += height * x[k]!;
      }
  }
  return out.map((filled) => Math.max(0, Math.min(1, (filled - 0.5) / surface + 0.5)));
}

/**
 * Contrast of a micelle relative to that of protein: an oblate ellipsoid about the domain, its shell of head groups
 * and its core of alkyl chains; the same for every particle.
 */
function micelleAbout(domain: Atoms, normal: readonly number[], n: number, pixel: number): Float32Array {
  const centre = centreOf(domain);
  const cylinder = (x: number, y: number, z: number): [height: number, radius2: number] => {
    const d = [x - centre[0]!, y - centre[1]!, z - centre[2]!],
      height = d.reduce((sum, v, i) => sum + v * normal[i]!, 0);
    return [height, d.reduce((sum, v) => sum + v * v, 0) - height ** 2];
  };
  let squares = 0;
  for (let a = 0; a < domain.count; a++) squares += cylinder(domain.x[a]!, domain.y[a]!, domain.z[a]!)[1];
  const radius = Math.sqrt((2 * squares) / domain.count) + belt; // of a disc of the same moment
  const half = Math.floor(n / 2);
  return Float32Array.from({ length: n ** 3 }, (_, i) => {
    const [x, y, z] = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)].map((v) => (v - half) * pixel),
      [height, radius2] = cylinder(x!, y!, z!);
    const within = (a: number, h: number): number => {
      const e = Math.sqrt(radius2 / a ** 2 + height ** 2 / h ** 2),
        beyond = e > 0 ? Math.sqrt(radius2 + height ** 2) * (1 - 1 / e) : -h;
      return cosineEdge(beyond + softEdge / 2, softEdge);
    };
    const core = within(radius - heads, halfThickness - heads);
    return headContrast * (within(radius, halfThickness) - core) + chainContrast * core;
  });
}
