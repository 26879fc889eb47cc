/**
 * The adversarial iteration of several processes that share its batches. Wherever it takes a mean over a batch, the
 * program is cut: each process computes the mean over its own images, the means are summed over the processes, and the
 * next piece goes on from the sums. The last piece moves critic and volume on, on each process alike.
 */
import type { Device } from "../../runtime/device.ts";
import type { Processes } from "../../runtime/processes.ts";
import type { Program } from "../../runtime/program.ts";
import { compile, type Executable } from "../../runtime/session.ts";
import * as op from "../../tensor/ops.ts";
import { input, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { blockOf } from "../blocks.ts";
import type { PartOfBatch } from "./dealing.ts";
import { type AdversarialSettings, adversarialProgram } from "./iteration.ts";

/** Fewer images than this a process computes no sooner than it hears from the others. */
const fewestImages = 8;

export interface SharedIteration extends Omit<Executable, "model"> {
  /** The settings with the part of each batch that is this process's. */
  settings: AdversarialSettings;
  /** Its state, and what it is fed. */
  program: Program;
}

/** The part of a batch that a process has, and the share of its means in those of the batch. */
export function partOfBatch(whole: number, { rank, size }: Processes): PartOfBatch & { weight: number } {
  const parts = Math.max(1, Math.min(size, Math.floor(whole / fewestImages))),
    part = rank % parts,
    alike = Math.ceil((size - part) / parts), // processes that compute the same part
    { first, end } = blockOf(whole, part, parts),
    batch = end - first;
  return { batch, first, whole, weight: batch / whole / alike };
}

/**
 * The iteration by each process for itself, or shared, whichever they are sooner done with: much of what the critic of
 * two volumes computes is the same however few the images.
 *
 * @param processes of one machine: an iteration takes some ten ms, and several sums are waited for in it
 */
export async function compileIteration(
  settings: AdversarialSettings,
  device: Device,
  processes: Processes,
): Promise<SharedIteration> {
  const program = adversarialProgram(settings),
    own: SharedIteration = { ...(await compile(program, device)), settings, program };
  if (processes.size === 1) return own;
  const shared = await compileShared(settings, device, processes),
    seconds = Float64Array.of(await secondsOf(own), await secondsOf(shared));
  await processes.sum(seconds);
  const [kept, left] = seconds[1]! < seconds[0]! ? [shared, own] : [own, shared];
  await left.release();
  return kept;
}

/** Of the second of two iterations on nothing, which leave nothing behind. */
async function secondsOf({ program, run, setState }: SharedIteration): Promise<number> {
  const zeros = ({ shape }: Tensor): Float32Array => new Float32Array(sizeOf(shape)),
    feeds = Object.fromEntries(Object.entries(program.feeds).map(([name, t]) => [name, zeros(t)]));
  await run(feeds);
  const begun = performance.now();
  await run(feeds);
  for (const [name, { input: t }] of Object.entries(program.state)) setState(name, zeros(t));
  return (performance.now() - begun) / 1000;
}

/** The iteration that all share. */
export async function compileShared(
  settings: AdversarialSettings,
  device: Device,
  processes: Processes,
): Promise<SharedIteration> {
  const { weight, ...part } = partOfBatch(settings.batch, processes),
    own = { ...settings, batch: part.batch, part },
    cuts: { means: Tensor[]; sums: Record<string, Tensor> }[] = [];
  const program = adversarialProgram(own, (means) => {
    const at = cuts.length,
      sums = Object.fromEntries(means.map((mean, i) => [`sum.${at}.${i}`, input(`sum.${at}.${i}`, mean.shape)]));
    cuts.push({ means: [...means], sums });
    return Object.values(sums);
  });
  const state = Object.fromEntries(Object.entries(program.state).map(([name, s]) => [name, s.input]));
  /** The sums of the cuts before one, which it may go on from. */
  const sumsBefore = (at: number): Record<string, Tensor> =>
    Object.assign({}, ...cuts.slice(0, at).map(({ sums }) => sums));
  const pieceOf = (means: readonly Tensor[], at: number): Program => ({
    name: `${program.name}-${at}`,
    state: {},
    feeds: { ...state, ...program.feeds, ...sumsBefore(at) },
    outputs: {
      means: op.mul(
        op.concat(
          means.map((mean) => op.reshape(mean, [sizeOf(mean.shape)])),
          0,
        ),
        weight,
      ),
    },
  });
  const pieces: Executable[] = [];
  for (const [at, { means }] of cuts.entries()) pieces.push(await compile(pieceOf(means, at), device));
  const last = await compile({ ...program, feeds: { ...program.feeds, ...sumsBefore(cuts.length) } }, device);
  return {
    settings: own,
    program,
    setState: last.setState,
    getState: last.getState,
    async run(feeds) {
      const now: Record<string, Float32Array> = {};
      for (const name of Object.keys(state)) now[name] = await last.getState(name);
      const known: Record<string, Float32Array> = {};
      for (const [at, { sums }] of cuts.entries()) {
        const { means } = await pieces[at]!.run({ ...now, ...feeds, ...known });
        await processes.sum(means!);
        let from = 0;
        for (const [name, { shape }] of Object.entries(sums)) known[name] = means!.slice(from, (from += sizeOf(shape)));
      }
      return last.run({ ...feeds, ...known });
    },
    async release() {
      await Promise.all([...pieces, last].map((piece) => piece.release()));
    },
  };
}
