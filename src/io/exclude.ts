/** Leaving out the particles that another file lists. */
import { InputError } from "../base/errors.ts";
import type { DataFile, Files } from "../base/files.ts";
import type { ParticleSet } from "../base/types.ts";
import { particleUids, readCs } from "./cs.ts";
import { readText } from "./files.ts";
import { imageNumber, stackPath } from "./particleChecks.ts";
import { columnIndex, onlyBlock, parseStar } from "./star.ts";

/** What identifies particles: an image of a stack, by the name the file gives it, or cryoSPARC's uid. */
interface Listed {
  images: { stack: string; index: number }[];
  uids: Set<bigint>;
}

/**
 * Positions of the particles of `set` that the file at `path` does not list. Particles are the same if they have the
 * same image of the same stack (rlnImageName; blob/path and blob/idx), or the same uid. Stacks are looked for as those
 * of the set's own file are, else from where the list lies. What the list names besides is passed over.
 * @throws InputError when the list cannot be read or names none of the particles.
 */
export async function positionsNotIn(
  files: Files,
  path: string,
  set: ParticleSet,
  projectRoot?: string,
): Promise<Int32Array> {
  const file = files.at(path),
    { images, uids } = path.toLowerCase().endsWith(".cs") ? await listedInCs(file) : await listedInStar(file);
  const stackAt = new Map(set.stacks.map((stack, index) => [stack, index]));
  const known = new Map<string, number | undefined>();
  for (const { stack } of images) {
    if (known.has(stack)) continue;
    const asOwn = stackAt.get(await stackPath(files, stack, set.source, projectRoot));
    known.set(stack, asOwn ?? stackAt.get(await stackPath(files, stack, path, projectRoot)));
  }
  const left = new Set(
    images.flatMap(({ stack, index }) => {
      const at = known.get(stack);
      return at === undefined ? [] : [`${index}@${at}`];
    }),
  );
  const isLeft = (i: number): boolean =>
    left.has(`${set.imageIndex[i]}@${set.stackIndex[i]}`) || (set.uid !== undefined && uids.has(set.uid[i]!));
  const kept = Int32Array.from({ length: set.count }, (_, i) => i).filter((i) => !isLeft(i));
  if (kept.length === set.count)
    throw new InputError(
      `${path} lists no particle of ${set.source}; particles are told by their image (rlnImageName, blob/path) or uid`,
    );
  if (kept.length === 0) throw new InputError(`${path} lists all particles of ${set.source}; none would be left`);
  return kept;
}

async function listedInStar(file: DataFile): Promise<Listed> {
  const { path } = file;
  const blocks = parseStar(await readText(file), path);
  const block = onlyBlock(blocks, ({ columns }) => columns.includes("rlnImageName"), path);
  if (block === undefined)
    throw new InputError(
      `${path} has no column _rlnImageName; a STAR or .cs file of the particles to leave out is needed`,
    );
  const column = columnIndex(block, "rlnImageName", path)!;
  const images = Array.from({ length: block.rowCount }, (_, row) => {
    const name = block.value(row, column),
      at = name.indexOf("@");
    const number = imageNumber(name.slice(0, Math.max(0, at)));
    if (number === undefined)
      throw new InputError(
        `${path}: row ${row + 1} (line ${block.line(row)}): _rlnImageName is "${name}"; ` +
          "it must be like 000001@stack.mrcs",
      );
    return { stack: name.slice(at + 1), index: number - 1 };
  });
  return { images, uids: new Set() };
}

async function listedInCs(file: DataFile): Promise<Listed> {
  const table = await readCs(file);
  const names = table.fields.get("blob/path")?.values,
    indices = table.fields.get("blob/idx")?.values;
  const images =
    Array.isArray(names) && indices
      ? names.map((name, row) => ({ stack: name.replace(/^>/, ""), index: Number(indices[row]) }))
      : [];
  return { images, uids: new Set(particleUids(table)) };
}
