import { expect, test } from "vitest";
import { inSharedMemory } from "../../../src/reconstruct/run/shared.ts";

test("arrays of numbers stand in shared memory, each once, and all else is as it was", () => {
  const data = Float32Array.of(1, 2, 3),
    value = {
      map: { data, shape: [1, 1, 3] as const, name: "a" },
      again: [data, null, undefined],
      k: Float64Array.of(4),
    };
  const { map, again, k } = inSharedMemory(value);
  expect({ map, again, k }).toEqual(value);
  expect(map.data.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(k.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(again[0]).toBe(map.data);
  expect(inSharedMemory(value).map.data).toBe(map.data);
  expect(inSharedMemory(map).data).toBe(map.data);
  expect(data.buffer).toBeInstanceOf(ArrayBuffer);
});
