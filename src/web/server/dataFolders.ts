/** Folders whose files the page may choose from: listed as far as they go, and nothing that leads out of them. */
import type { Dirent } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { InputError } from "../../base/errors.ts";
import { type ChosenOption, chosenOptions, type DataSource, type Entry, type Listing } from "../live/data.ts";

export interface DataFolders extends DataSource {
  /** What a path leads to, by whatever links, in one of them; undefined where it is not there, or outside. */
  kindOf(path: string): Promise<"file" | "folder" | "other" | undefined>;
}

/** Entries that are shown of a folder. */
const mostShown = 500;
const byName = new Intl.Collator("en", { numeric: true });

const within = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/**
 * @param runs    where runs go that the page begins
 * @param folders that may be looked into, beside that; those that are not there (yet) are passed over
 */
export function dataFolders(runs: string, folders: readonly string[]): DataFolders {
  /** The widest of them, without links. */
  async function roots(): Promise<string[]> {
    const found = await Promise.all([...folders, runs].map((folder) => realpath(folder).catch(() => undefined))),
      distinct = [...new Set(found.filter((folder) => folder !== undefined))];
    return distinct.filter((folder) => !distinct.some((other) => other !== folder && within(other, folder)));
  }

  /** Where a path really is, and the folder that it may be looked into by; undefined outside of all. */
  async function find(path: string): Promise<{ real: string; root: string } | undefined> {
    if (path.includes("\0")) return undefined;
    const real = await realpath(resolve(path)).catch(() => undefined);
    const root = real === undefined ? undefined : (await roots()).find((folder) => within(folder, real));
    return root === undefined ? undefined : { real: real!, root };
  }

  return {
    places: async () => ({
      runs: resolve(runs),
      folders: (await roots()).map((path) => ({ name: path, path })),
    }),

    async kindOf(path) {
      const found = await find(path),
        stats = found && (await stat(found.real).catch(() => undefined));
      if (!stats) return undefined;
      return stats.isFile() ? "file" : stats.isDirectory() ? "folder" : "other";
    },

    async list(path, option, match = "") {
      const refused = (why: string): InputError => new InputError(`${path} ${why}`);
      const found = await find(path);
      if (!found) throw refused("is not there, or outside of the folders that may be looked into (serve --data)");
      const entries = await readdir(found.real, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
        throw refused(error.code === "ENOTDIR" ? "is no folder" : `cannot be read (${error.code})`);
      });
      // It may have been exchanged for another between the two steps.
      if ((await find(path))?.real !== found.real) throw refused("is being moved; try again");
      const inside = async (entry: string): Promise<boolean> => (await find(entry)) !== undefined;
      return { ...(await shown(found.real, entries, option, match, inside)), ...placeOf(found.real, found.root) };
    },
  };
}

function placeOf(path: string, root: string): Entry & Pick<Listing, "way"> {
  const way: Entry[] = [];
  for (let at = path; at !== root; at = dirname(at)) way.unshift({ name: basename(at), path: at });
  return { name: basename(path), path, way: [{ name: root, path: root }, ...way] };
}

/** Folders, and files that the option takes, by name; without hidden ones, and without links that lead out. */
async function shown(
  folder: string,
  entries: readonly Dirent[],
  option: ChosenOption,
  match: string,
  inside: (path: string) => Promise<boolean>,
): Promise<Pick<Listing, "folders" | "files" | "leftOut">> {
  const kind: RegExp | "folder" = chosenOptions[option],
    isWanted = (name: string): boolean => kind !== "folder" && kind.test(name),
    part = match.toLowerCase();
  const named = entries
    .filter((entry) => !entry.name.startsWith(".") && entry.name.toLowerCase().includes(part))
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink() || (entry.isFile() && isWanted(entry.name)))
    .sort((a, b) => Number(a.isFile()) - Number(b.isFile()) || byName.compare(a.name, b.name));
  const folders: Listing["folders"] = [],
    files: Listing["files"] = [];
  let looked = 0;
  for (const entry of named) {
    if (looked === mostShown) break;
    looked++;
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink() && !(await inside(path))) continue;
    const found = await (entry.isSymbolicLink() ? stat(path) : lstat(path)).catch(() => undefined); // gone meanwhile
    if (found?.isDirectory()) folders.push({ name: entry.name, path });
    else if (found?.isFile() && isWanted(entry.name)) files.push({ name: entry.name, path, bytes: found.size });
  }
  const sorted = <T extends Entry>(list: T[]): T[] => list.sort((a, b) => byName.compare(a.name, b.name));
  return { folders: sorted(folders), files: sorted(files), leftOut: named.length - looked };
}
