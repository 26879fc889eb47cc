import { describe, expect, test } from "vitest";
import { judge } from "../../../src/reconstruct/verdict/judge.ts";
import {
  type ClassesEvidence,
  type Evidence,
  type HalvesClasses,
  verdictText,
} from "../../../src/reconstruct/verdict/verdict.ts";

const shells = 16,
  boxAngstrom = 320;
const each = (value: (shell: number) => number): number[] => Array.from({ length: shells }, (_, i) => value(i + 1));
const samples = (share: (shell: number) => number | null, agreement = (_: number) => 0.9, renewed = 1) => ({
  agreement: each(agreement),
  share: Array.from({ length: shells }, (_, i) => share(i + 1)),
  signalToNoise: each((k) => 4 / k ** 2),
  renewed: each(() => renewed),
});
const evidence = (more: Partial<Evidence>): Evidence => ({
  boxAngstrom,
  finestAngstrom: boxAngstrom / shells,
  parts: [{ skewness: 2 }],
  ...more,
});
const ofSamples = (...given: Parameters<typeof samples>): Evidence =>
  evidence({ parts: [{ halfSamples: samples(...given), skewness: 2 }] });
const ofStarts = (share: number, startAgreement: number[], startShell = 8): Evidence =>
  evidence({ parts: [{ halfSamples: samples(() => share), startAgreement, startShell, skewness: 2 }] });
const ofHalves = (angularFsc: number[], resolutionAngstrom: number | null): Evidence =>
  evidence({ parts: [{ skewness: 2 }, { skewness: 2 }], halves: { angularFsc, resolutionAngstrom } });

describe("the verdict", () => {
  test.each<[string, Evidence, string, number | null]>([
    ["all detail to the end", ofSamples(() => 0.9), "structure found to 21.3 Å", 320 / 15],
    [
      "half-samples part at shell 10",
      ofSamples(
        () => 0.9,
        (k) => (k <= 10 ? 0.9 : 0.3),
      ),
      "structure found to 32 Å",
      32,
    ],
    ["detail in the coarse shells alone", ofSamples((k) => (k <= 8 ? 0.9 : 0)), "no structure found beyond 40 Å", 40],
    [
      "most of the detail to shell 12, little beyond",
      ofSamples(
        (k) => (k <= 12 ? 0.75 : 0),
        () => 1,
      ),
      "uncertain",
      320 / 15,
    ],
    ["some of the detail", ofSamples(() => 0.4), "uncertain", 320 / 15],
    [
      "all detail, half of it taken from the images",
      ofSamples(
        () => 0.9,
        () => 0.9,
        0.51,
      ),
      "structure found to 21.3 Å",
      320 / 15,
    ],
    [
      "all detail, most of it the map's own",
      ofSamples(
        () => 0.9,
        () => 0.9,
        0.4,
      ),
      "uncertain",
      320 / 15,
    ],
    [
      "none of the detail, and the map its own",
      ofSamples(
        () => 0,
        () => 1,
        0,
      ),
      "no structure found beyond 107 Å",
      320 / 3,
    ],
    [
      "hardly any detail, which both halves show",
      ofSamples(
        () => 0.1,
        () => 1,
      ),
      "no structure found beyond 107 Å",
      320 / 3,
    ],
    [
      "images that show nothing",
      ofSamples(
        () => null,
        () => 1,
      ),
      "no structure found beyond 107 Å",
      320 / 3,
    ],
    [
      "density that stands out dark",
      evidence({ parts: [{ halfSamples: samples(() => 0.9), skewness: -2 }] }),
      "uncertain",
      320 / 15,
    ],
    ["much of the detail, from one start alone", ofStarts(0.55, [0.5, 0.6]), "uncertain", 320 / 15],
    ["much of the detail, from several starts", ofStarts(0.55, [0.5, 0.9]), "structure found to 21.3 Å", 320 / 15],
    ["most of the detail, from one start alone", ofStarts(0.7, [0.5]), "structure found to 21.3 Å", 320 / 15],
    ["one wrong shape from several starts", ofStarts(0.2, [0.9, 0.9]), "no structure found beyond 107 Å", 320 / 3],
    ["one shape from two starts at a fine shell", ofStarts(0.25, [0.99], 16), "structure found to 21.3 Å", 320 / 15],
    ["nearly one shape", ofStarts(0.25, [0.9], 16), "no structure found beyond 107 Å", 320 / 3],
    ["one shape that shows no detail", ofStarts(0.1, [0.99], 16), "uncertain", 320 / 15],
    ["little detail, from a given start", { ...ofSamples(() => 0.2), givenShell: 8 }, "uncertain", 320 / 15],
    [
      "all detail, from a given start",
      { ...ofSamples(() => 0.9), givenShell: 8 },
      "structure found to 21.3 Å",
      320 / 15,
    ],
    [
      "halves that agree beyond the start that both were given",
      {
        ...ofHalves(
          each((k) => (k <= 14 ? 0.9 : 0.1)),
          25,
        ),
        givenShell: 8,
      },
      "structure found to 25 Å",
      25,
    ],
    [
      "halves that agree in the start that both were given alone",
      {
        ...ofHalves(
          each((k) => (k <= 8 ? 0.9 : k <= 12 ? 0.2 : 0)),
          24,
        ),
        givenShell: 8,
      },
      "no structure found beyond 26 Å",
      26,
    ],
    [
      "halves that agree no further than the start",
      {
        ...ofHalves(
          each((k) => (k <= 7 ? 0.9 : 0.05)),
          42,
        ),
        givenShell: 10,
      },
      "uncertain",
      43,
    ],
    ["no stage of refinement", evidence({}), "uncertain", null],
    ["cut off before refinement", { ...ofSamples(() => 0.9), cutOff: "stopped by the time limit" }, "uncertain", null],
    [
      "halves that agree",
      ofHalves(
        each((k) => (k <= 14 ? 0.9 : 0.1)),
        25,
      ),
      "structure found to 25 Å",
      25,
    ],
    [
      "halves that agree in what no ball has to 29.5 Å",
      ofHalves(
        each((k) => (k <= 10 ? 0.9 : 0)),
        21,
      ),
      "structure found to 29.5 Å",
      29.5,
    ],
    [
      "halves of different shape",
      ofHalves(
        each((k) => (k < 5 ? 0.4 : 0.05)),
        40,
      ),
      "no structure found beyond 67.6 Å",
      67.6,
    ],
    [
      "halves that agree in part",
      ofHalves(
        each((k) => (k < 9 ? 0.45 : 0.05)),
        40,
      ),
      "uncertain",
      40,
    ],
    [
      "halves that agree in part, as those of noise do, and show nothing of the images",
      {
        ...ofHalves(
          each((k) => (k < 9 ? 0.45 : 0.05)),
          40,
        ),
        parts: [
          { halfSamples: samples(() => 0.01), skewness: -0.2 },
          { halfSamples: samples(() => 0.02), skewness: -0.3 },
        ],
      },
      "no structure found beyond 40 Å",
      40,
    ],
    [
      "halves that agree where they were put onto each other",
      ofHalves([-0.7, -0.5, 0.46, 0.45, 0.44, ...new Array<number>(11).fill(0.02)], 55),
      "no structure found beyond 56.1 Å",
      56.1,
    ],
    [
      "halves of different shape, one of them with all detail",
      {
        ...ofHalves(
          each(() => 0),
          null,
        ),
        parts: [
          { halfSamples: samples(() => 0.9), skewness: 2 },
          { halfSamples: samples(() => 0.1), skewness: 2 },
        ],
      },
      "uncertain",
      320 / 3,
    ],
    [
      "halves that agree in hardly any of the detail",
      {
        ...ofHalves(
          each(() => 0.9),
          20,
        ),
        parts: [{ halfSamples: samples(() => 0.1), skewness: 2 }],
      },
      "uncertain",
      20,
    ],
    [
      "halves that agree in a quarter of the detail, to a fine shell",
      {
        ...ofHalves(
          each(() => 0.97),
          20,
        ),
        parts: [{ halfSamples: samples(() => 0.25), skewness: 2 }],
      },
      "structure found to 20 Å",
      20,
    ],
    [
      "halves that agree in a quarter of the detail, not so well",
      {
        ...ofHalves(
          each(() => 0.9),
          20,
        ),
        parts: [{ halfSamples: samples(() => 0.25), skewness: 2 }],
      },
      "uncertain",
      20,
    ],
    [
      "halves that agree in nothing",
      ofHalves(
        each(() => 0),
        null,
      ),
      "no structure found beyond 107 Å",
      320 / 3,
    ],
  ])("%s", (_, given, text, resolution) => {
    const verdict = judge(given);
    expect(verdictText(verdict)).toBe(text);
    if (resolution === null) expect(verdict.resolutionAngstrom).toBeNull();
    else expect(verdict.resolutionAngstrom! / resolution).toBeCloseTo(1, 1);
    expect(verdict.reason).toMatch(/^[A-Z].*\.$/);
  });

  test("without likelihood one map is uncertain, and halves leave the group open", () => {
    const reasons = [0.97, 0.3].map((correlation) => {
      const { kind, reason } = judge(
        evidence({ method: "cryogan", parts: [{ startAgreement: [correlation], startShell: 8, skewness: 2 }] }),
      );
      expect(kind).toBe("uncertain");
      return reason;
    });
    expect(reasons[0]).toContain("came to one shape at 40.0 Å (correlation 0.97)");
    expect(reasons[1]).toContain("came to different shapes at 40.0 Å (correlation 0.30)");
    const halves = ofHalves(
      each(() => 0.9),
      25,
    );
    expect(judge({ ...halves, method: "cryogan" })).toMatchObject({ kind: "found", resolutionAngstrom: 25 });
    expect(judge({ ...halves, method: "cryogan" }).reason).toContain("--symmetry");
    expect(judge({ ...halves, method: "refined" }).reason).not.toContain("--symmetry");
  });

  test("of starts that agree at a fine shell no more is asked where the map shows more", () => {
    const of = (share: number, startAgreement: number[]): Evidence => {
      const halfSamples = samples(
        () => share,
        () => 0.9,
        0.3,
      );
      return evidence({ parts: [{ halfSamples, startAgreement, startShell: 16, skewness: 2 }] });
    };
    for (const share of [0.3, 0.5, 0.9]) expect(judge(of(share, [0.99])).kind, `${share}`).toBe("found");
    expect(judge(of(0.9, [0.5])).kind).toBe("uncertain");
  });

  test("detail that fades beyond the shell at which starts were compared does not count against them", () => {
    const upTo30 = (value: (shell: number) => number): number[] => Array.from({ length: 30 }, (_, i) => value(i + 1)),
      halfSamples = {
        agreement: upTo30(() => 0.9),
        share: upTo30((k) => (k <= 16 ? 0.3 : 0.1)),
        signalToNoise: upTo30((k) => 4 / k ** 2),
        renewed: upTo30(() => 0.3),
      };
    const of = (startAgreement: number[]): Evidence => ({
      boxAngstrom,
      finestAngstrom: boxAngstrom / 30,
      parts: [{ halfSamples, startAgreement, startShell: 16, skewness: 2 }],
    });
    expect(judge(of([0.99])).kind).toBe("found");
    expect(judge(of([0.5])).kind).toBe("notFound");
  });

  test("is never finer than what was worked at or what the FSC says", () => {
    for (let last = 3; last <= shells; last++) {
      const sampled = judge(ofSamples((k) => (k <= last ? 1 : 0)));
      expect(sampled.resolutionAngstrom).toBeGreaterThanOrEqual(boxAngstrom / shells);
      const resolutionAngstrom = boxAngstrom / last;
      expect(
        judge(
          ofHalves(
            each(() => 0.9),
            resolutionAngstrom,
          ),
        ).resolutionAngstrom,
      ).toBe(resolutionAngstrom);
    }
  });
});

describe("several classes", () => {
  const withClasses = (classes: ClassesEvidence): Evidence => {
    const [part] = ofSamples(() => 0.9).parts;
    return evidence({ parts: [{ ...part!, classes }] });
  };
  const of = (value: number): Evidence =>
    withClasses({
      count: 3,
      correlation: [
        { classes: [1, 2], value, expected: 0.97 },
        { classes: [1, 3], value: 0.6, expected: 0.97 },
      ],
    });

  test("are never claimed by the verdict of one run", () => {
    for (const [value, which] of [
      [0.5, "the 3 classes"],
      [0.99, "these 2"],
    ] as const) {
      expect(judge(of(value)).kind).toBe("found");
      expect(judge(of(value)).reason).toContain(
        `Whether ${which} are different structures one run does not tell: --repeats does.`,
      );
    }
  });

  test("that differ by no more than their noise are named", () => {
    expect(judge(of(0.96)).reason).toContain(
      " Classes 1 and 2 are one structure: they differ by no more than their noise. Whether these 2 ",
    );
    expect(judge(of(0.9)).reason).not.toContain("their noise");
  });

  test("that are all one, through one of them, are one structure, and that is all", () => {
    const { reason } = judge(
      withClasses({
        count: 4,
        blank: [4],
        correlation: [
          { classes: [1, 2], value: 0.96, expected: 0.97 },
          { classes: [1, 3], value: 0.9, expected: 0.97 },
          { classes: [2, 3], value: 0.96, expected: 0.97 },
        ],
      }),
    );
    expect(reason).toMatch(
      / The 3 classes are one structure: they differ by no more than their noise\. Class 4 shows no [^.]* nowhere\.$/,
    );
  });

  test("whose particles show nothing are no structures", () => {
    expect(judge(withClasses({ count: 3, blank: [2], correlation: [] })).reason).toContain(
      " Class 2 shows no structure: two halves of its particles agree nowhere. Whether these 2 are different ",
    );
  });

  test("of which one has all the particles are one", () => {
    const { reason } = judge(withClasses({ count: 1, correlation: [] }));
    expect(reason).toMatch(/ One class has all the particles\.$/);
  });

  test("that both halves have are named, and those that one has alone", () => {
    const halves = { angularFsc: each(() => 0.9), resolutionAngstrom: 22 },
      both = [
        { number: 1, correlation: 0.934 },
        { number: 3, correlation: 0.8 },
      ];
    const reasonOf = (classes: HalvesClasses): string => judge({ ...of(0.9), halves: { ...halves, classes } }).reason;
    const alone = [
      { number: 2, half: 1 as const, closest: { number: 4, correlation: 0.41 } },
      { number: 4, half: 2 as const },
    ];
    expect(reasonOf({ both, alone })).toContain(
      " Both halves have classes 1 and 3 (correlation 0.93, 0.80). Class 2 is in half 1 alone: class 4 of the other " +
        "is most like it (0.41). Class 4 is in half 2 alone, and was compared with none of the other.",
    );
    expect(reasonOf({ both: [], alone: [] })).toContain("No class of one half of the particles is in the other.");
    expect(reasonOf({ both, alone: [] })).not.toContain("--repeats");
  });
});
