/** An atomic model over the map, from a PDB or mmCIF file. */

import { CIF } from "molstar/lib/mol-io/reader/cif.js";
import { parsePDB } from "molstar/lib/mol-io/reader/pdb/parser.js";
import { Mat4, Vec3 } from "molstar/lib/mol-math/linear-algebra.js";
import { Structure } from "molstar/lib/mol-model/structure.js";
import { trajectoryFromMmCIF } from "molstar/lib/mol-model-formats/structure/mmcif.js";
import { trajectoryFromPDB } from "molstar/lib/mol-model-formats/structure/pdb.js";
import type { Representation } from "molstar/lib/mol-repr/representation.js";
import { CartoonRepresentationProvider } from "molstar/lib/mol-repr/structure/representation/cartoon.js";
import { SyncRuntimeContext } from "molstar/lib/mol-task/execution/synchronous.js";
import { AssetManager } from "molstar/lib/mol-util/assets.js";
import { Color } from "molstar/lib/mol-util/color/index.js";
import type { Placement } from "../fit/placement.ts";
import type { MapGrid } from "./grid.ts";
import type { MapScene } from "./scene.ts";

/** @throws Error when the file is neither, or holds no atoms */
export async function readModel(file: File): Promise<Structure> {
  const text = file.name.endsWith(".gz")
    ? await new Response(file.stream().pipeThrough(new DecompressionStream("gzip"))).text()
    : await file.text();
  const trajectory = /\.(cif|mmcif)(\.gz)?$/i.test(file.name) ? await fromCif(text) : await fromPdb(file.name, text);
  const structure = Structure.ofModel(trajectory.representative);
  if (structure.elementCount === 0) throw new Error("it holds no atoms");
  return structure;
}

async function fromCif(text: string) {
  const parsed = await CIF.parse(text).run();
  if (parsed.isError) throw new Error(parsed.message);
  return trajectoryFromMmCIF(parsed.result.blocks[0]!).run();
}

async function fromPdb(name: string, text: string) {
  const parsed = await parsePDB(text, name).run();
  if (parsed.isError) throw new Error(parsed.message);
  return trajectoryFromPDB(parsed.result).run();
}

/**
 * The model as a cartoon, where it was fitted. Until it is, at its own coordinates in the frame of the map (MRC
 * ORIGIN); or, where its centre is further than a tenth of the box from the map's, in the middle.
 *
 * @param fitted where it lies, and what it was turned about
 */
export async function modelOver(
  structure: Structure,
  map: MapGrid,
  context: MapScene["context"],
  color: number,
  fitted?: { placement: Placement; centreAngstrom: readonly [number, number, number] },
): Promise<Representation.Any> {
  const centreAngstrom = ([2, 1, 0] as const).map(
    (axis, i) => map.originAngstrom[i]! + Math.floor(map.shape[axis] / 2) * map.pixelSizeAngstrom,
  );
  const { center } = structure.boundary.sphere;
  const near =
    Math.hypot(...centreAngstrom.map((middle, i) => center[i]! - middle)) < (map.shape[0] * map.pixelSizeAngstrom) / 10;
  const from = fitted?.centreAngstrom ?? (near ? centreAngstrom : center);
  const move = Mat4.fromTranslation(Mat4(), Vec3.create(-from[0]!, -from[1]!, -from[2]!));
  if (fitted) Mat4.mul(move, matrixOf(fitted.placement), move);
  // The atoms themselves are moved: Mol* leaves out of sight what a representation's own transform brings into it.
  const placed = Structure.transform(structure, move);
  await CartoonRepresentationProvider.ensureCustomProperties?.attach(
    { runtime: SyncRuntimeContext, assetManager: new AssetManager() },
    placed,
  );
  const model = CartoonRepresentationProvider.factory(context, CartoonRepresentationProvider.getParams);
  model.setTheme({
    color: context.colorThemeRegistry.create("uniform", { structure: placed }, { value: Color(color) }),
    size: context.sizeThemeRegistry.create("uniform", { structure: placed }),
  });
  await model.createOrUpdate({ ...CartoonRepresentationProvider.defaultValues, quality: "auto" }, placed).run();
  model.setState({ pickable: false });
  return model;
}

function matrixOf({ rotation, shiftAngstrom }: Placement): Mat4 {
  const matrix = Mat4.identity();
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) Mat4.setValue(matrix, row, column, rotation[3 * row + column]!);
    Mat4.setValue(matrix, row, 3, shiftAngstrom[row]!);
  }
  return matrix;
}
