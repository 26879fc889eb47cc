/** How right the classes of a run are, by the true structure of each image. */

export interface Score {
  /** Share of the images in the class that their structure was matched with. */
  right: number;
  /** Of each structure the number of its class; 0 where it has none. */
  classOf: number[];
}

/**
 * Matches each structure with a class of its own, most images first.
 * @param truth     number of the structure of each image, from 1
 * @param classes   number of its class, from 1
 * @param mergesFrom structures from this number on count as one (kinds of junk)
 */
export function scoreClasses(truth: ArrayLike<number>, classes: ArrayLike<number>, mergesFrom = Infinity): Score {
  const structures = Array.from(truth, (structure) => Math.min(structure, mergesFrom)),
    pairs = new Map<string, number>();
  structures.forEach((structure, i) => {
    const key = `${structure} ${classes[i]}`;
    pairs.set(key, (pairs.get(key) ?? 0) + 1);
  });
  const classOf = new Array<number>(Math.max(...structures)).fill(0);
  let right = 0;
  for (const [key, count] of [...pairs].sort(([, a], [, b]) => b - a)) {
    const [structure, number] = key.split(" ").map(Number) as [number, number];
    if (classOf[structure - 1] !== 0 || classOf.includes(number)) continue;
    classOf[structure - 1] = number;
    right += count;
  }
  return { right: right / structures.length, classOf };
}
