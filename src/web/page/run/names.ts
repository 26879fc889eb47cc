/**
 * What to call runs on the page: the shortest end of each path that tells it from the others, and says something ("run"
 * alone does not).
 */
export function shortNames(names: readonly string[]): string[] {
  const parts = names.map((name) => name.split(/[\\/]+/).filter((part) => part !== ""));
  const end = (i: number, length: number) => parts[i]!.slice(-length).join("/");
  return names.map((name, i) => {
    for (let length = 1; length <= parts[i]!.length; length++) {
      const short = end(i, length);
      if (short.length >= 6 && names.every((other, j) => other === name || end(j, length) !== short)) return short;
    }
    return name;
  });
}

/** Of the folder of a run: the last part of its path. */
export const folderName = (path: string): string => path.split(/[\\/]+/).findLast((part) => part !== "") ?? "run";
