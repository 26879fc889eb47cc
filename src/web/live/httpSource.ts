/** Runs of a `cryogan serve`. The other half is src/web/server/app.ts. */
import type { RunEvent } from "../../reconstruct/folder/events.ts";
import type { Inspection } from "../../reconstruct/run/inspection.ts";
import type { DataSource, Inspect, Listing, Unseen } from "./data.ts";
import { followStream } from "./eventStream.ts";
import { FormError, type RunSource, type RunSummary } from "./source.ts";
import type { Outcome } from "./tasks.ts";

/**
 * @param base  address of the server's page, as in "http://127.0.0.1:8765/"
 * @param token needed to start, stop and resume
 * @throws if no such server answers
 */
export async function httpSource(base: string, token?: string): Promise<RunSource> {
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  const address = (path: string): string => new URL(`api/${path}`, base).href;
  const ofRun = (id: string, path: string): string => address(`runs/${encodeURIComponent(id)}/${path}`);
  const fileOf = (id: string, path: string): string =>
    ofRun(id, `files/${path.split("/").map(encodeURIComponent).join("/")}`);
  const answered = async (response: Response): Promise<Response> => {
    if (response.ok) return response;
    if (response.status === 422)
      throw new FormError(((await response.json()) as { fields: Record<string, string> }).fields);
    throw new Error((await response.text()) || `the server answered with ${response.status}`);
  };
  const get = async <T>(path: string): Promise<T> =>
    (await answered(await fetch(address(path), { headers, cache: "no-store" }))).json() as Promise<T>;
  const post = async (url: string, body?: unknown, signal?: AbortSignal): Promise<Response> =>
    answered(
      await fetch(url, {
        method: "POST",
        ...(signal ? { signal } : {}),
        headers: { ...headers, "Content-Type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );

  const data: DataSource = {
    places: () => get<Awaited<ReturnType<DataSource["places"]>>>("data"),
    list: (path, option, match) =>
      get<Listing>(`data/folder?${new URLSearchParams({ path, option, ...(match ? { match } : {}) })}`),
  };
  const inspect: Inspect = async (form, signal) => {
    const response = await post(address("data/inspect"), form, signal),
      told = (await response.json()) as Inspection | Unseen | { fields: Record<string, string> };
    if ("fields" in told) throw new FormError(told.fields);
    return told;
  };
  const { may } = await get<{ may: RunSource["may"] }>("session");
  return {
    may,
    ...(may.start ? { data, inspect } : {}),
    list: () => get<RunSummary[]>("runs"),
    watch(onChange) {
      // What changed while there was no connection is not told.
      let first = true;
      return followStream(address("changes"), {
        onMessage: onChange,
        onConnection(connected) {
          if (connected && !first) onChange();
          if (connected) first = false;
        },
      });
    },
    follow(id, onEvents, onConnection) {
      let anew = false;
      return followStream(ofRun(id, "events"), {
        onConnection,
        onMessage({ event, data }) {
          if (event === "anew") anew = true;
          if (event !== "message") return;
          onEvents(JSON.parse(data) as RunEvent[], anew);
          anew = false;
        },
      });
    },
    async file(id, path) {
      // The browser keeps the file and asks whether it is still the same.
      const response = await fetch(`${fileOf(id, path)}?optional`, { cache: "no-cache" });
      return response.status === 204 ? undefined : (await answered(response)).arrayBuffer();
    },
    start: async (form) => ((await (await post(address("runs"), form)).json()) as { id: string }).id,
    stop: async (id) => void (await post(ofRun(id, "stop"))),
    resume: async (id, further) => void (await post(ofRun(id, "resume"), further)),
    tasks: {
      outcome: (id) => get<Outcome>(`runs/${encodeURIComponent(id)}/outcome`),
      start: async (id, kind, form) => ((await (await post(ofRun(id, kind), form)).json()) as { name: string }).name,
      report: async (id) => void (await post(ofRun(id, "report"))),
      address: fileOf,
    },
  };
}
