import { expect, test } from "vitest";
import { particlesOfClass } from "../../src/reconstruct/classParticles.ts";
import { recordedFile } from "../web/recordedRun.ts";

const text = recordedFile("molecules", "particles.star").toString();
const lines = (star: string) => star.split("\n").filter((line) => line.includes("@"));
const labels = [...text.matchAll(/^_(\S+) #/gm)].map(([, label]) => label!);
const column = labels.indexOf("rlnClassNumber") - labels.indexOf("rlnImageName");

test("the particles of a class are those lines of the file, and its optics", () => {
  const ofSecond = particlesOfClass(text, "particles.star", 2);
  expect(lines(ofSecond)).toHaveLength(600);
  expect(lines(ofSecond)).toEqual(lines(text).filter((line) => line.split(" ")[column] === "2"));
  expect(ofSecond.slice(0, ofSecond.indexOf("\n0"))).toBe(text.slice(0, text.indexOf("\n0")));
  expect(lines(particlesOfClass(text, "particles.star", 3))).toEqual([]);
});

test.each([
  [
    text.replaceAll("rlnClassNumber", "rlnOther"),
    "x.star has no column _rlnClassNumber; a run with --classes or --junk-class writes one",
  ],
  [
    text.replace(/(\n000003@.*)\n/, (line) => {
      const values = line.trimEnd().split(" ");
      return `${values.with(column, "two").join(" ")}\n`;
    }),
    /^x\.star: row 3 \(line \d+\): _rlnClassNumber is "two", not a number$/,
  ],
])("what is no class is told, %#", (broken, message) => {
  expect(() => particlesOfClass(broken, "x.star", 1)).toThrow(message);
});
