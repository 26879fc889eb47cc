/** Which classes of a run are one structure. */
import type { ClassesEvidence } from "./verdict.ts";

/** Of what two densities of one structure would correlate by: two that reach it are not told apart. */
const sameClass = 0.98;

/** Numbers of classes that differ by no more than their noise, each group in order; a class by itself is in none. */
export function alikeClasses({ correlation }: Pick<ClassesEvidence, "correlation">): number[][] {
  const groups: number[][] = [];
  for (const { classes, value, expected } of correlation) {
    if (value < sameClass * expected) continue;
    const touched = groups.filter((group) => classes.some((number) => group.includes(number)));
    for (const group of touched) groups.splice(groups.indexOf(group), 1);
    groups.push([...new Set([...touched.flat(), ...classes])].sort((a, b) => a - b));
  }
  return groups.sort((a, b) => a[0]! - b[0]!);
}
