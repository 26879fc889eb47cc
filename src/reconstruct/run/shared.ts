/** The memory that the threads of a run share (thread.ts). */

type Numbers = Float32Array | Float64Array;

/** Of each array its copy in shared memory: a map goes over several times. */
const copies = new WeakMap<Numbers, Numbers>();

/**
 * The same value with its arrays of numbers in memory that goes over to another thread without being copied. They must
 * not be written to from then on: a copy is made once of each.
 */
export function inSharedMemory<T>(value: T): T {
  if (value instanceof Float32Array || value instanceof Float64Array) return copyOf(value) as T;
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(inSharedMemory) as T;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inSharedMemory(part as unknown)])) as T;
}

function copyOf(array: Numbers): Numbers {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const known = copies.get(array);
  if (known) return known;
  const memory = new SharedArrayBuffer(array.byteLength),
    copy = array instanceof Float32Array ? new Float32Array(memory) : new Float64Array(memory);
  copy.set(array);
  copies.set(array, copy);
  return copy;
}
