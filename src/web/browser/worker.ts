/** The worker: calls of the page to the engine, and its news to the page. */
import { FormError } from "../live/source.ts";
import type { Message, Request } from "./messages.ts";

const tell = (message: Message, transfer: Transferable[] = []): void =>
  (self as unknown as Worker).postMessage(message, transfer);

// Loaded after the listener stands: what arrives before would be lost.
const engine = import("./engine.ts").then(({ createEngine }) =>
  createEngine({
    changed: () => tell({ type: "changed" }),
    anew: (id) => tell({ type: "anew", id }),
    event: (id, event) => tell({ type: "event", id, event }),
  }),
);

self.addEventListener("message", async ({ data: { call, name, args } }: MessageEvent<Request>) => {
  try {
    const value = await ((await engine)[name] as (...args: unknown[]) => Promise<unknown>)(...args);
    tell({ type: "result", call, value }, value instanceof ArrayBuffer ? [value] : []);
  } catch (error) {
    tell({
      type: "error",
      call,
      message: error instanceof Error ? error.message : String(error),
      ...(error instanceof FormError && { fields: error.fields }),
    });
  }
});
