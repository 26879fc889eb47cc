/** Runs in the browser alone: a worker reconstructs from files that never leave the machine. */
import type { RunEvent } from "../../reconstruct/folder/events.ts";
import type { Engine } from "../browser/engine.ts";
import type { Message, Request } from "../browser/messages.ts";
import { FormError, type RunSource } from "./source.ts";

export interface BrowserSource extends RunSource {
  /**
   * Offers files from the visitor's disk; they are read when a run needs them. Folders keep their structure if the
   * browser tells it.
   */
  add(files: File[]): Promise<void>;
  /** Names of the files on offer. */
  files(): Promise<string[]>;
  /** Simulates particles of a ribosome and reconstructs them. @returns id of the run */
  demo(): Promise<string>;
}

export function browserSource(): BrowserSource {
  const worker = new Worker(new URL("../browser/worker.ts", import.meta.url), { type: "module", name: "cryogan" });
  const calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const watchers = new Set<() => void>();
  const followers = new Set<{ id: string; tell(events: RunEvent[], anew: boolean): void }>();
  let last = 0;

  function call<Name extends keyof Engine>(name: Name, ...args: Parameters<Engine[Name]>): ReturnType<Engine[Name]> {
    const number = ++last;
    return new Promise((resolve, reject) => {
      calls.set(number, { resolve, reject });
      worker.postMessage({ call: number, name, args } as Request);
    }) as ReturnType<Engine[Name]>;
  }

  worker.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (data.type === "changed") for (const watcher of watchers) watcher();
    else if (data.type === "anew") for (const follower of followers) follower.id === data.id && follower.tell([], true);
    else if (data.type === "event")
      for (const follower of followers) follower.id === data.id && follower.tell([data.event], false);
    else {
      const waiting = calls.get(data.call)!;
      calls.delete(data.call);
      if (data.type === "result") waiting.resolve(data.value);
      else waiting.reject(data.fields ? new FormError(data.fields) : new Error(data.message));
    }
  });
  worker.addEventListener("error", (event) => {
    for (const { reject } of calls.values()) reject(new Error(`the worker failed: ${event.message}`));
    calls.clear();
  });

  return {
    may: { start: true, stop: true },
    add: (files) => call("add", files),
    files: () => call("names"),
    demo: () => call("demo"),
    list: () => call("list"),
    inspect: (form) => call("inspect", form),
    file: (id, path) => call("file", id, path),
    truth: (id) => call("truth", id),
    start: (form) => call("start", form),
    stop: (id) => call("stop", id),
    resume: (id, further) => call("resume", id, further),
    watch(onChange) {
      watchers.add(onChange);
      return () => void watchers.delete(onChange);
    },
    follow(id, onEvents, onConnection) {
      const follower = { id, tell: onEvents };
      let ended = false;
      // The answer holds all events up to it; those after it follow in order.
      void call("events", id).then(
        (events) => {
          if (ended) return;
          onConnection(true);
          onEvents(events, false);
          followers.add(follower);
        },
        () => onConnection(false),
      );
      return () => {
        ended = true;
        followers.delete(follower);
      };
    },
  };
}
