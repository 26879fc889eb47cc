import { expect, test } from "vitest";
import { isWithin, particlesWithin, readPlaces } from "../../src/reconstruct/motionParticles.ts";
import { recordedFile } from "../web/recordedRun.ts";

const text = recordedFile("hinge-2", "particles.star").toString();
/** As any reader of lines sees them. */
const lines = (star: string) => star.split("\n").filter((line) => line.includes("@"));
const labels = [...text.matchAll(/^_(\S+) #/gm)].map(([, label]) => label!);
const column = labels.indexOf("cryoganMotion1") - labels.indexOf("rlnImageName");
const zOf = (line: string): [number, number] => [Number(line.split(" ")[column]), Number(line.split(" ")[column + 2])];

test("z of all particles is read, along each component", () => {
  const places = readPlaces(text, "particles.star");
  expect(places).toHaveLength(2);
  expect(places.map(({ length }) => length)).toEqual([1488, 1488]);
  lines(text).forEach((line, row) =>
    zOf(line).forEach((z, j) => {
      expect(places[j]![row]).toBe(Math.fround(z));
    }),
  );
});

test("particles in a box of two components are those lines of the file, and its optics", () => {
  const box = [
    { low: -1, high: 0.5 },
    { low: 0, high: 3 },
  ] as const;
  const selected = particlesWithin(text, "particles.star", new Map([...box.entries()]));
  const wanted = lines(text).filter((line) => zOf(line).every((z, j) => z >= box[j]!.low && z <= box[j]!.high));
  expect(wanted.length).toBeGreaterThan(100);
  expect(wanted.length).toBeLessThan(1000);
  expect(lines(selected)).toEqual(wanted);
  expect(selected.slice(0, selected.indexOf("\n0"))).toBe(text.slice(0, text.indexOf("\n0")));
});

test("a range that ends at a particle's place has it, as the page counts it", () => {
  const [z] = readPlaces(text, "particles.star"),
    low = Math.min(...z!);
  expect(lines(particlesWithin(text, "particles.star", new Map([[0, { low, high: low }]])))).toHaveLength(1);
  expect(isWithin(low, { low, high: low })).toBe(true);
});

test("names with spaces stay one value", () => {
  const quoted = text.replace(/^(\d+@)\S+ /gm, '"$1/my data/particles.mrcs" ');
  const selected = particlesWithin(quoted, "particles.star", new Map([[0, { low: 0, high: 9 }]]));
  expect(lines(selected).length).toBeGreaterThan(500);
  for (const line of lines(selected)) expect(line).toMatch(/^"\d{6}@\/my data\/particles\.mrcs" particles\.mrc 1 /);
});

test.each([
  [
    text.replaceAll("cryoganMotion", "rlnOther"),
    "x.star has no column _cryoganMotion1; a run with --motion writes one",
  ],
  [
    text.replace(/(\n000003@.*) \S+ (\S+ \S+ \S+)\n/, "$1 much $2\n"),
    'x.star: row 3 (line 40): _cryoganMotion1 is "much", not a number',
  ],
])("what is no z is told, %#", (broken, message) => {
  expect(() => readPlaces(broken, "x.star")).toThrow(message);
});
