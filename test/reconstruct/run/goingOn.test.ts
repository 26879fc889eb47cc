/** Runs that go on with more time, or finer, on a machine as estimated. */
import { describe, expect, it } from "vitest";
import { InputError } from "../../../src/base/errors.ts";
import type { Checkpoint } from "../../../src/reconstruct/folder/checkpoint.ts";
import { readingSeconds, stageSeconds } from "../../../src/reconstruct/run/cost.ts";
import { checkRequest, enlarged, reopened } from "../../../src/reconstruct/run/goingOn.ts";
import { nextStep } from "../../../src/reconstruct/run/next.ts";
import type { Setting } from "../../../src/reconstruct/run/setting.ts";
import type { TimeAndShells } from "../../../src/reconstruct/stage.ts";
import { boxAngstrom, budgetOf, goOn, settingOf, virtualRun } from "./virtualRun.ts";

const machine = { pace: 1 };
/** The paper's data: shells up to 96 can be seen, if there is time. */
const under = (request: TimeAndShells, shells = 96): Setting => {
  const seconds = request.timeLimit ?? 600,
    budget = budgetOf({ seconds, count: 20_500, groupOrder: 4, readSeconds: 2e-8 * 192 ** 2 });
  const asked = request.resolution === undefined ? shells : Math.ceil(boxAngstrom / request.resolution);
  return settingOf(budget, shells, { request, limit: Math.min(shells, asked) });
};
const outline = (stages: readonly { kind: string; maxRadius: number }[]): string[] =>
  stages.map(({ kind, maxRadius }) => `${kind} ${maxRadius}`);
const finest = ({ schedule }: Checkpoint): number => schedule.stages.at(-1)!.maxRadius;

describe("more time", () => {
  const first = virtualRun(under({ timeLimit: 60 }), machine);

  it("goes on from the last stage to finer ones, in a larger working box, within the limit in all", () => {
    const more = goOn(first.state, under({ timeLimit: 300 }), machine);
    expect(first.state.finished).toBe(true);
    expect(more.state.schedule.stages.slice(0, first.stages.length)).toEqual(first.state.schedule.stages);
    expect(more.stages.length).toBeGreaterThan(1);
    expect(more.stages.every(({ kind }) => kind === "local")).toBe(true);
    expect(more.stages[0]!.maxRadius).toBeGreaterThan(finest(first.state));
    expect(more.stages[0]!.maxRadius).toBeLessThanOrEqual(1.3 * finest(first.state));
    expect(finest(more.state)).toBeGreaterThan(1.4 * finest(first.state));
    expect(more.state.schedule.workingBox).toBeGreaterThanOrEqual(2 * finest(more.state));
    expect(more.state.schedule.workingBox).toBeGreaterThan(first.state.schedule.workingBox);
    expect(more.seconds).toBeLessThanOrEqual(300);
    expect(more.seconds).toBeGreaterThan(200);
  });

  it("again and again", () => {
    let state = first.state;
    for (const timeLimit of [120, 300, 900]) {
      const before = finest(state),
        more = goOn(state, under({ timeLimit }), machine);
      state = more.state;
      expect(finest(state)).toBeGreaterThan(before);
      expect(more.seconds).toBeLessThanOrEqual(timeLimit);
    }
  });

  it("where the images show nothing finer, the last stage is done once more", () => {
    const small = under({ timeLimit: 300 }, 16),
      done = virtualRun(small, machine),
      more = goOn(done.state, under({ timeLimit: 600 }, 16), machine);
    expect(outline(done.stages).at(-1)).toBe("local 16");
    expect(outline(more.stages)).toEqual(["local 16"]);
    expect(more.state.schedule.workingBox).toBe(done.state.schedule.workingBox);
  });

  it("a run that was cut off before refinement is refined", () => {
    const slow = virtualRun(under({ timeLimit: 30 }), { pace: 2 });
    expect(slow.state.cutOff).toBeDefined();
    const more = goOn(slow.state, under({ timeLimit: 400 }), machine);
    expect(more.state.cutOff).toBeUndefined();
    expect(outline(more.stages).slice(0, 2)).toEqual(["refinement 8", "refinement 11"]);
    expect(finest(more.state)).toBeGreaterThan(20);
  });

  it("a run without a limit gets one", () => {
    const free = virtualRun(under({}, 24), machine),
      limit = free.seconds + 60;
    const more = goOn(free.state, under({ timeLimit: limit }, 24), machine);
    expect(outline(more.stages)).toEqual([`local ${finest(free.state)}`]);
    expect(more.seconds).toBeLessThanOrEqual(limit);
  });
});

describe("finer", () => {
  it("goes on to the resolution asked for, and no further, whatever the time", () => {
    const coarse = virtualRun(under({ resolution: 12 }), machine);
    expect(finest(coarse.state)).toBe(Math.ceil(boxAngstrom / 12));
    const fine = goOn(coarse.state, under({ resolution: 5 }), machine);
    expect(finest(fine.state)).toBe(Math.ceil(boxAngstrom / 5));
    expect(fine.stages.every(({ kind }) => kind === "local")).toBe(true);
    const steps = [finest(coarse.state), ...fine.stages.map(({ maxRadius }) => maxRadius)];
    steps.forEach((radius, i) => {
      if (i > 0) expect(radius / steps[i - 1]!).toBeLessThan(1.4);
    });
  });

  it("where the images end, it ends there and says so", () => {
    const done = virtualRun(under({}, 16), machine),
      more = goOn(done.state, under({ resolution: 3 }, 16), machine);
    expect(more.stages).toEqual([]);
    expect(more.state.finished).toBe(true);
    expect(more.state.volume).toBe(done.state.volume);
    expect(more.warnings).toEqual(["20.3 Å is as fine as the images, or the options, allow"]);
  });
});

describe("what stands", () => {
  const first = virtualRun(under({ timeLimit: 60 }), machine),
    circumstances = (request: TimeAndShells, secondsLeft: number) => ({
      setting: under(request),
      loaded: 0,
      secondsLeft,
    });

  it("under the same request nothing changes", () => {
    expect(reopened(first.state, circumstances({ timeLimit: 60 }, -5)).state).toBe(first.state);
  });

  it("the density is brought to the scale of the larger box, so that the map stays", () => {
    const wider = reopened(first.state, circumstances({ timeLimit: 300 }, 240)).state,
      { nextBox, workingBox } = wider.schedule;
    expect(workingBox).toBe(first.state.schedule.workingBox);
    expect(nextBox).toBeGreaterThan(workingBox);
    expect(wider.volume).toBe(first.state.volume);
    expect(nextStep(wider, { boxSize: workingBox, loaded: 0 })).toEqual({ kind: "read", boxSize: nextBox });
    const shells = nextBox! / 2 + 1,
      spectra = { noise: new Float64Array(shells).fill(1), signal: new Float64Array(shells).fill(1) };
    const { state } = enlarged(wider, spectra, circumstances({ timeLimit: 300 }, 240)),
      { data, unmasked } = state.volume!;
    // mapOfVolume divides by the square of the working box.
    for (const [value] of [data, unmasked]) expect(value! / nextBox! ** 2).toBeCloseTo(1, 6);
    expect(state.schedule).toMatchObject({ workingBox: nextBox, spectra });
    expect(state.schedule.nextBox).toBeUndefined();
    expect(state.shifts).toBe(wider.shifts); // in units of the field of view
  });

  it("a stage at work is ended as it was begun, in its own box", () => {
    const { state, stages } = first,
      index = stages.length - 2,
      stopped: Checkpoint = {
        ...state,
        stage: index,
        finished: false,
        placed: true,
        progress: { iteration: 1, tensors: {}, streams: {} },
      };
    const more = goOn(stopped, under({ timeLimit: 300 }), machine);
    expect(more.stages[0]).toMatchObject({ kind: stages[index]!.kind, maxRadius: stages[index]!.maxRadius });
    expect(finest(more.state)).toBeGreaterThan(1.4 * finest(state));
    expect(more.state.schedule.stages.slice(0, index)).toEqual(state.schedule.stages.slice(0, index));
  });
});

describe("what adds nothing is refused with the reason", () => {
  const { state, seconds } = virtualRun(under({ timeLimit: 60 }), machine);
  const refusal = (request: TimeAndShells, found = [state]): string => {
    try {
      checkRequest(found, under(request), "run");
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      return (error as Error).message;
    }
    return "";
  };

  it("no time left, of both halves together", () => {
    expect(seconds).toBeGreaterThan(50);
    expect(refusal({ timeLimit: 40 })).toMatch(
      /^run: the run has taken 0:5\d, which --time-limit counts, too; 0:40 leaves nothing to go on with: give more$/,
    );
    expect(refusal({ timeLimit: 90 })).toBe("");
    expect(refusal({ timeLimit: 90 }, [state, state])).toMatch(/^run: the run has taken 1:\d\d/);
  });

  it("coarser than it has been", () => {
    const reached = boxAngstrom / finest(state);
    expect(refusal({ timeLimit: 60, resolution: reached + 3 })).toContain(
      `run: the run has worked to ${reached.toFixed(1)} Å, and --resolution ${reached + 3} is coarser`,
    );
    expect(refusal({ timeLimit: 60, resolution: reached / 2 })).toBe("");
  });

  it("and the same request never", () => {
    expect(refusal({ timeLimit: 60 })).toBe("");
  });
});

it("the time to read the images again is counted", () => {
  const first = virtualRun(under({ timeLimit: 60 }), machine),
    { budget } = under({ timeLimit: 80 });
  const more = goOn(first.state, under({ timeLimit: 80 }), machine);
  expect(more.seconds).toBeLessThanOrEqual(80);
  const spent = more.stages.reduce((sum, stage) => sum + stageSeconds(stage, budget), 0);
  expect(spent).toBeLessThan(80 - first.seconds - readingSeconds(budget));
});
