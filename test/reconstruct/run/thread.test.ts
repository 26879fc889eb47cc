import { afterAll, expect, test } from "vitest";
import { placeSpectrum } from "../../../src/evaluate/align.ts";
import { correlationBeforeMask } from "../../../src/evaluate/fsc.ts";
import { spectrumToTurn } from "../../../src/evaluate/rotate.ts";
import { axisAngleToMatrix } from "../../../src/physics/rotations.ts";
import type { Thread } from "../../../src/reconstruct/run/host.ts";
import { densityOf, randomBlobs, withNoise } from "../../evaluate/blobs.ts";

/** Of the compiled program, as its threads are. */
const { openThread } = (await import(new URL("../../../dist/reconstruct/run/thread.js", import.meta.url).href)) as {
    openThread(): Thread;
  },
  thread = openThread();
afterAll(() => thread.close());

const map = densityOf(randomBlobs(3, 12, 12, 3), 24, 2),
  { data: _, ...grid } = map,
  spectrum = spectrumToTurn(map, 9),
  placement = {
    mirrored: true,
    rotation: axisAngleToMatrix([1, 2, 3], 0.7),
    shiftAngstrom: [1, -2, 3] as [number, number, number],
  };

test("a second thread does what this one would, to the last bit, one piece after another", async () => {
  const other = withNoise(map, 0.3, 1),
    all = [
      thread.beside("spectrumToTurn", map, 9),
      thread.beside("placeSpectrum", spectrum, grid, placement, 9),
      thread.beside("correlationBeforeMask", map, other, { seed: 2 }, true),
    ] as const;
  expect(await all[0]).toEqual(spectrum);
  expect(await all[1]).toEqual(placeSpectrum(spectrum, grid, placement, 9));
  const { randomised, ...before } = await all[2];
  expect({ ...before, randomised }).toEqual(correlationBeforeMask(map, other, { seed: 2 }, true));
  expect(randomised!.maps[0].data).not.toEqual(map.data);
});

test("what is wrong with its input is told as it would be here, and the next piece is done", async () => {
  const flat = { ...map, shape: [12, 24, 24] as [number, number, number], data: map.data.slice(0, 24 * 24 * 12) },
    wrong = thread.beside("correlationBeforeMask", map, flat, {});
  const error = await wrong.catch((refused: Error) => refused);
  expect(error).toMatchObject({ message: expect.stringMatching(/^the second map has 24 x 24 x 12 voxels/) as string });
  expect(error.constructor.name).toBe("InputError"); // of the compiled program
  expect((await thread.beside("placeSpectrum", spectrum, grid, placement)).shape).toEqual(map.shape);
});

test("what cannot be sent is refused, and answers go to who asked for them", async () => {
  const unsent = thread.beside("spectrumToTurn", (() => undefined) as never, 9),
    next = thread.beside("spectrumToTurn", map, 9);
  await expect(unsent).rejects.toThrow(/could not be cloned/);
  expect(await next).toEqual(spectrum);
});

test("a thread that is closed answers no more", async () => {
  const other = openThread();
  await other.close();
  await expect(other.beside("spectrumToTurn", map)).rejects.toThrow("the second thread has ended");
});
