import { expect, test } from "vitest";
import { scoreClasses } from "../../bench/classes/score.ts";

test("each structure is matched with one class, and what is elsewhere is wrong", () => {
  const truth = [1, 1, 1, 1, 2, 2, 2, 3, 3],
    classes = [2, 2, 2, 1, 1, 1, 2, 2, 2];
  expect(scoreClasses(truth, classes)).toEqual({ right: 5 / 9, classOf: [2, 1, 0] });
});

test("kinds of junk are one", () => {
  expect(scoreClasses([1, 1, 2, 3, 4], [1, 1, 2, 2, 1], 2)).toEqual({ right: 4 / 5, classOf: [1, 2] });
});
