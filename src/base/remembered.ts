/** A function of an object that is computed once for each, and forgotten with it. */
export function remembered<K extends object, V>(compute: (of: K) => V): (of: K) => V {
  const known = new WeakMap<K, V>();
  return (of) => {
    let value = known.get(of);
    if (value === undefined) known.set(of, (value = compute(of)));
    return value;
  };
}
