/** A second thread of Node's for what can be done beside other work. */
import { Worker } from "node:worker_threads";
import { InputError } from "../../base/errors.ts";
import type { Beside } from "../../evaluate/beside.ts";
import type { Thread } from "./host.ts";
import { inSharedMemory } from "./shared.ts";
import type { Answer } from "./threadMain.ts";

/** @returns undefined where the program is not compiled: a thread of TypeScript as it stands has no loader */
export function openThread(): Thread | undefined {
  if (import.meta.url.endsWith(".ts")) return undefined;
  const worker = new Worker(new URL("./threadMain.js", import.meta.url));
  /** Pieces that were asked for and are not answered yet, in their order. */
  const pending: { resolve(value: unknown): void; reject(error: Error): void }[] = [];
  let ended = false;
  const end = (error: Error): void => {
    ended = true;
    for (const piece of pending.splice(0)) piece.reject(error);
  };
  worker.on("error", end);
  worker.on("exit", () => end(hasEnded()));
  worker.on("message", (answer: Answer) => {
    const { resolve, reject } = pending.shift()!;
    if ("value" in answer) resolve(answer.value);
    else reject(answer.input ? new InputError(answer.message) : new Error(answer.message));
  });
  const beside = (name: string, ...args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended) return reject(hasEnded());
      // At once: who asks may be busy until it waits for the answer.
      worker.postMessage({ name, args: inSharedMemory(args) });
      pending.push({ resolve, reject }); // what cannot be sent is not answered
    });
  return {
    beside: beside as Beside,
    close: async () => void (await worker.terminate()),
  };
}

const hasEnded = (): Error => new Error("the second thread has ended");
