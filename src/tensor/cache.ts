/** What was made under a key, for as long as someone else holds it. */
export interface WeakCache<V extends object> {
  /** What is held under the key, else what `make` returns. */
  get(key: string, make: () => V): V;
  /** Number of keys; keys of values that died go when the collector says so. */
  readonly size: number;
}

/** An empty cache that keeps nothing alive: a value that nobody else holds dies, and its key goes with it. */
export function weakCache<V extends object>(): WeakCache<V> {
  const held = new Map<string, WeakRef<V>>();
  const died = new FinalizationRegistry<string>((key) => {
    // A second value may have been made under the key meanwhile.
    if (!held.get(key)?.deref()) held.delete(key);
  });
  return {
    get(key, make) {
      const known = held.get(key)?.deref();
      if (known) return known;
      const value = make();
      held.set(key, new WeakRef(value));
      died.register(value, key);
      return value;
    },
    get size() {
      return held.size;
    },
  };
}
