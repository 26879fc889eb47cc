/** Events of a run and files of its folder, as hooks. */
import { useEffect, useState } from "preact/hooks";
import { thinEvents } from "../../../reconstruct/folder/eventLines.ts";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import type { Page } from "../page.ts";
import { fileVersion } from "./fileVersion.ts";

/** Events come one by one while a run works; the page is drawn again at most this often. */
const redrawEveryMs = 250;

/** Events kept in a page that is open for days: progress of long ago is thinned when twice as many have come. */
const keptEvents = 8000;

/** Stands for the events of a run until any are told, or that there are none. */
const untold: readonly RunEvent[] = [];

/** The events of a run so far; empty while `id` is undefined. */
export function useEvents({ source, disconnected }: Page, id: string | undefined): readonly RunEvent[] {
  const [told, tell] = useState<{ of?: string; events: readonly RunEvent[] }>({ events: untold });
  useEffect(() => {
    if (id === undefined) return;
    let all: RunEvent[] = [],
      fullAt = 2 * keptEvents;
    let timer: ReturnType<typeof setTimeout> | undefined,
      drawFrom = 0;
    const draw = () => {
      timer = undefined;
      drawFrom = performance.now() + redrawEveryMs;
      tell({ of: id, events: [...all] });
    };
    const end = source.follow(
      id,
      (next, anew) => {
        all = anew ? [...next] : all.concat(next);
        if (all.length >= fullAt) {
          all = thinEvents(all, (event) => event, keptEvents / 2);
          fullAt = all.length + keptEvents;
        }
        timer ??= setTimeout(draw, Math.max(0, drawFrom - performance.now()));
      },
      (connected) => {
        disconnected.value = !connected;
      },
    );
    return () => {
      clearTimeout(timer);
      end();
      disconnected.value = false;
    };
  }, [source, id]);
  return told.of === id ? told.events : untold;
}

export interface RunFile<T> {
  value?: T;
  /** "absent": not in the run folder (yet). */
  state: "loading" | "there" | "absent" | "broken";
  message?: string;
}

/**
 * A file of a run, read once its events are told and again whenever they tell that it may have changed; until the new
 * one is there the old one stays.
 */
export function useRunFile<T>(
  { source }: Page,
  id: string | undefined,
  path: string,
  events: readonly RunEvent[],
  read: (bytes: ArrayBuffer) => T | Promise<T>,
): RunFile<T> {
  const [file, setFile] = useState<RunFile<T> & { of?: string }>({ state: "loading" });
  const key = `${id}/${path}`;
  const version = fileVersion(events, path);
  useEffect(() => {
    if (id === undefined || events === untold) return; // they tell what there is, and which
    let current = true;
    const load = async (): Promise<RunFile<T>> => {
      const bytes = await source.file(id, path);
      return bytes ? { state: "there", value: await read(bytes) } : { state: "absent" };
    };
    load()
      .catch((error: Error): RunFile<T> => ({ state: "broken", message: `${path}: ${error.message}` }))
      .then((next) => {
        if (current) setFile({ ...next, of: key });
      });
    return () => {
      current = false;
    };
  }, [source, key, version, events === untold]);
  return file.of === key ? file : { state: "loading" };
}

export function useJson<T>(page: Page, id: string | undefined, path: string, events: readonly RunEvent[]): RunFile<T> {
  return useRunFile(page, id, path, events, (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as T);
}
