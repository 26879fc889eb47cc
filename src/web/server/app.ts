/** What `cryogan serve` answers. The page's half is src/web/live/httpSource.ts. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveStatic } from "@hono/node-server/serve-static";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import { InputError } from "../../base/errors.ts";
import { type Inspect, isChosenOption } from "../live/data.ts";
import { FormError, type RunForm } from "../live/source.ts";
import { taskKinds } from "../live/tasks.ts";
import { ConflictError } from "./conflict.ts";
import type { DataFolders } from "./dataFolders.ts";
import { createEventHistories } from "./eventHistory.ts";
import { sendFile } from "./files.ts";
import type { Jobs } from "./jobs.ts";
import type { Processes } from "./processes.ts";
import { type Runs, runId } from "./runs.ts";
import { headers, holdsToken, ownOriginOnly, tokenOnly } from "./security.ts";
import { streamChanges, streamEvents } from "./streams.ts";
import type { Tasks } from "./tasks.ts";

/** The page as `npm run build:page` makes it, seen from src/web/server and from dist/web/server. */
export const pageFolder = fileURLToPath(new URL("../../../dist/page", import.meta.url));
export const pageMissing = "the page is not built; run: npm run build:page";

export interface AppSettings {
  /** The address listened at. */
  host: string;
  /** Needed for writing; without one nobody may write. */
  token?: string;
  runs: Runs;
  processes: Processes;
  jobs: Jobs;
  tasks: Tasks;
  data: DataFolders;
  inspect: Inspect;
  page?: string;
}

const formSchema = z.record(z.string(), z.union([z.string(), z.boolean()]));
const formLimit = bodyLimit({ maxSize: 65_536 });

/** The options that a request brings, as typed. @param absent what stands for no body. @throws {HTTPException} */
async function formOf(c: Context, absent = ""): Promise<RunForm> {
  const text = await c.req.text();
  try {
    return formSchema.parse(JSON.parse(text || absent));
  } catch {
    throw new HTTPException(400, { message: "expected a JSON object of strings and booleans" });
  }
}

export function createApp({
  host,
  token,
  runs,
  processes,
  jobs,
  tasks,
  data,
  inspect,
  page = pageFolder,
}: AppSettings): Hono {
  const app = new Hono();
  app.use(headers, ownOriginOnly(host));
  const mayWrite = tokenOnly(token);

  app.get("/api/session", (c) => {
    const may = holdsToken(c.req.header("Authorization"), token);
    return c.json({ may: { start: may, stop: may } });
  });
  app.get("/api/runs", async (c) => c.json(await runs.list()));
  app.get("/api/changes", (c) => streamChanges(c, runs));

  /** A route about one run, whose folder it is given. */
  const ofRun = (answer: (c: Context, folder: string) => Response | Promise<Response>) => async (c: Context) => {
    const folder = await runs.folder(c.req.param("id")!);
    return folder === undefined ? c.text("there is no such run", 404) : answer(c, folder);
  };
  const histories = createEventHistories();
  app.get(
    "/api/runs/:id/events",
    ofRun((c, folder) => streamEvents(c, folder, histories)),
  );
  // Of c.req.path the router has decoded all but %25 and what separates parts, such as %2F: what is left is decoded by
  // sendFile, once.
  app.get(
    "/api/runs/:id/files/*",
    ofRun((c, folder) => sendFile(c, folder, /^\/api\/runs\/[^/]+\/files\/(.*)$/s.exec(c.req.path)?.[1] ?? "")),
  );

  app.post("/api/runs", mayWrite, formLimit, async (c) =>
    c.json({ id: runId(await processes.start(await formOf(c))) }, 201),
  );
  app.post(
    "/api/runs/:id/stop",
    mayWrite,
    ofRun(async (c, folder) => {
      if (!(await jobs.cancel(folder))) await processes.stop(folder);
      return c.body(null, 204);
    }),
  );
  app.post(
    "/api/runs/:id/resume",
    mayWrite,
    formLimit,
    ofRun(async (c, folder) => {
      await jobs.checkResume(folder);
      await processes.resume(folder, await formOf(c, "{}"));
      return c.body(null, 204);
    }),
  );
  app.get(
    "/api/runs/:id/outcome",
    ofRun(async (c, folder) => c.json(await tasks.outcome(folder))),
  );
  for (const kind of taskKinds)
    app.post(
      `/api/runs/:id/${kind}`,
      mayWrite,
      formLimit,
      ofRun(async (c, folder) => c.json({ name: await tasks.start(folder, kind, await formOf(c, "{}")) }, 201)),
    );
  app.post(
    "/api/runs/:id/report",
    mayWrite,
    ofRun(async (c, folder) => {
      await tasks.report(folder);
      return c.body(null, 204);
    }),
  );
  // What stands outside of run folders is read with the token only.
  app.get("/api/data", mayWrite, async (c) => c.json(await data.places()));
  app.get("/api/data/folder", mayWrite, async (c) => {
    const { path = "", option = "", match } = c.req.query();
    if (!isChosenOption(option)) return c.text("there is no such option", 400);
    return data.list(path, option, match).then(
      (listing) => c.json(listing),
      (error: Error) => {
        if (error instanceof InputError) return c.text(error.message, 404);
        throw error;
      },
    );
  });
  // A name that is half typed is no failure, which browsers would tell in their console.
  app.post("/api/data/inspect", mayWrite, formLimit, async (c) =>
    inspect(await formOf(c), c.req.raw.signal).then(
      (inspection) => c.json(inspection),
      (error: Error) => {
        if (error instanceof FormError) return c.json({ fields: error.fields });
        if (c.req.raw.signal.aborted) return c.text("nobody waits for it any more", 408);
        throw error;
      },
    ),
  );
  app.all("/api/*", (c) => c.text("there is no such address", 404));

  const isBuilt = existsSync(join(page, "index.html"));
  if (isBuilt) {
    app.use(
      serveStatic({
        root: page,
        onFound: (path, c) =>
          c.header("Cache-Control", path.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache"),
      }),
    );
  }
  app.notFound((c) => (isBuilt ? c.text("there is no such page", 404) : c.text(pageMissing, 503)));

  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (error instanceof FormError) return c.json({ fields: error.fields }, 422);
    if (error instanceof ConflictError) return c.text(error.message, 409);
    if (error instanceof InputError) return c.text(error.message, 500);
    process.stderr.write(`${c.req.method} ${c.req.path}: ${error.stack}\n`);
    return c.text("internal error; the terminal of cryogan serve tells more", 500);
  });
  return app;
}
