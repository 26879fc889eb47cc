import { expect, test } from "vitest";
import { formatAddress, parseAddress, startAddress } from "../../../src/web/page/address.ts";

test("an empty address is the beginning, and the beginning an empty address", () => {
  expect(parseAddress("")).toEqual(startAddress);
  expect(formatAddress(startAddress)).toBe("");
});

test("what the page shows stands in words in the address", () => {
  const address = {
    ...startAddress,
    run: "a b",
    compare: "c",
    tab: "log" as const,
    map: "half2.mrc" as const,
    levelSigma: 3.456,
    slice: { axis: "y" as const, position: 0.25 },
    spin: true,
    clone: "d",
  };
  expect(formatAddress(address)).toBe("#run=a%20b&compare=c&tab=log&map=half2&level=3.46&slice=y:0.25&spin=1&clone=d");
  expect(parseAddress("#run=a%20b&compare=c&tab=log&map=half2&level=3.46&slice=y:0.25&spin=1&clone=d")).toEqual({
    ...address,
    levelSigma: 3.46,
  });
});

test.each([
  "#tab=nonsense",
  "#level=high",
  "#level=",
  "#slice=w:0.5",
  "#slice=x:2",
  "#slice=x",
  "#map=checkpoint",
  "#map=../secret",
])("%s is left out", (hash) => {
  expect(parseAddress(hash)).toEqual(startAddress);
});
