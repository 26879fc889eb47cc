/** Stacks under the names that RELION wants. */
import { lstat, symlink, unlink } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { InputError } from "../base/errors.ts";
import type { ParticleSet } from "../base/types.ts";
import { disk, fileError } from "./disk.ts";

/**
 * RELION takes a file named .mrc for a 3D map, cryoSPARC names its stacks so: each stack that is not named .mrcs gets a
 * symbolic link of that name in `folder`, which is made only if there is one. Links of an earlier call are replaced.
 * @returns the set with the links as its stacks, and how many there are
 * @throws InputError when the folder cannot be written, or something else than a link is in the way
 */
export async function linkStacks(set: ParticleSet, folder: string): Promise<{ set: ParticleSet; links: number }> {
  if (set.stacks.every((stack) => stack.endsWith(".mrcs"))) return { set, links: 0 };
  await disk.makeFolder(folder);
  const taken = new Set<string>();
  const stacks: string[] = [];
  for (const stack of set.stacks) {
    if (stack.endsWith(".mrcs")) {
      stacks.push(stack);
      continue;
    }
    const stem = basename(stack, extname(stack));
    let name = `${stem}.mrcs`;
    for (let n = 2; taken.has(name); n++) name = `${stem}_${n}.mrcs`;
    taken.add(name);
    stacks.push(await link(stack, resolve(folder, name)));
  }
  return { set: { ...set, stacks }, links: taken.size };
}

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
