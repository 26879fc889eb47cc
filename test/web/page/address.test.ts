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
    planes: { x: 0, y: -12.345, z: 7.5 },
    cut: "y" as const,
    spin: true,
    clone: "d",
  };
  const text = "#run=a%20b&compare=c&tab=log&map=half2&level=3.46&planes=0,-12.35,7.5&cut=y&spin=1&clone=d";
  expect(formatAddress(address)).toBe(text);
  expect(parseAddress(text)).toEqual({
    ...address,
    levelSigma: 3.46,
    planes: { x: 0, y: -12.35, z: 7.5 },
  });
});

test("a sharpened map is shown, too", () => {
  const address = { ...startAddress, map: "postprocess-1/sharpened_masked.mrc" as const };
  expect(formatAddress(address)).toBe("#map=postprocess-1/sharpened_masked");
  expect(parseAddress("#map=postprocess-1/sharpened_masked")).toEqual(address);
});

test.each([
  "#map=postprocess-1/../secret",
  "#map=postprocess/sharpened",
  "#map=other-1/map",
  "#tab=nonsense",
  "#level=high",
  "#level=",
  "#planes=1,2",
  "#planes=1,2,far",
  "#planes=1,,2",
  "#cut=w",
  "#map=checkpoint",
  "#map=../secret",
])("%s is left out", (hash) => {
  expect(parseAddress(hash)).toEqual(startAddress);
});
