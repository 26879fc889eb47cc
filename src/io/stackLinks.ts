/** Stacks under other names, by symbolic links. */
import { lstat, realpath, symlink, unlink } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { InputError } from "../base/errors.ts";
import type { ParticleSet } from "../base/types.ts";
import { disk, fileError } from "./disk.ts";

/**
 * RELION takes a file named .mrc for a 3D map, cryoSPARC names its stacks so: each stack that is not named .mrcs gets a
 * symbolic link of that name in `folder`, which is made only if there is one. Links of an earlier call are replaced,
 * also where the set was read through them.
 * @param all whether the others get one, too, as where a file names its stacks from its own folder
 * @returns the set with the links as its stacks, and how many there are
 * @throws InputError when the folder cannot be written, or something else than a link is in the way
 */
export async function linkStacks(
  set: ParticleSet,
  folder: string,
  { all = false }: { all?: boolean } = {},
): Promise<{ set: ParticleSet; links: number }> {
  const stays = (stack: string): boolean => !all && stack.endsWith(".mrcs");
  if (set.stacks.every(stays)) return { set, links: 0 };
  await disk.makeFolder(folder);
  const targets = await Promise.all(set.stacks.map((stack) => realTarget(stack)));
  const taken = new Set<string>();
  const stacks: string[] = [];
  for (const [i, stack] of set.stacks.entries()) {
    if (stays(stack)) {
      stacks.push(stack);
      continue;
    }
    const stem = basename(stack, extname(stack));
    let name = `${stem}.mrcs`;
    for (let n = 2; taken.has(name); n++) name = `${stem}_${n}.mrcs`;
    taken.add(name);
    stacks.push(await link(targets[i]!, resolve(folder, name)));
  }
  return { set: { ...set, stacks }, links: taken.size };
}

const realTarget = (stack: string): Promise<string> =>
  realpath(stack).catch((error: unknown) => {
    throw fileError("read", stack, error);
  });

async function link(stack: string, path: string): Promise<string> {
  try {
    const there = await lstat(path).catch(() => undefined);
    if (there && !there.isSymbolicLink())
      throw new InputError(`cannot write ${path}: a file of that name is in the way`);
    if (there) await unlink(path);
    await symlink(stack, path);
    return path;
  } catch (error) {
    throw fileError("write", path, error);
  }
}
