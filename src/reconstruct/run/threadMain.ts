/** What the second thread runs (thread.ts). */
import { parentPort } from "node:worker_threads";
import { InputError } from "../../base/errors.ts";
import { type Beside, here } from "../../evaluate/beside.ts";
import { inSharedMemory } from "./shared.ts";

export type Answer = { value: unknown } | { message: string; input: boolean };

parentPort!.on("message", ({ name, args }: { name: Parameters<Beside>[0]; args: Parameters<Beside> }) => {
  const answer = (told: Answer): void => parentPort!.postMessage(told);
  (here as (name: string, ...args: unknown[]) => Promise<unknown>)(name, ...args).then(
    (value) => answer({ value: inSharedMemory(value) }),
    (error: Error) => answer({ message: error.message, input: error instanceof InputError }),
  );
});
