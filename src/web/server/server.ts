/** The server of the live page on a port. */
import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { InputError } from "../../base/errors.ts";
import { type AppSettings, createApp } from "./app.ts";

export interface RunningServer {
  /** http://host:port/ */
  address: string;
  port: number;
  /** Ends all connections too. */
  close(): Promise<void>;
}

export interface ServerSettings extends AppSettings {
  port: number;
  /** Whether to take a port above it if it is taken. */
  nextFree: boolean;
}

const tries = 50;

/** @throws {InputError} if the address cannot be listened at */
export async function startServer({ port, nextFree, ...settings }: ServerSettings): Promise<RunningServer> {
  const server = createAdaptorServer({ fetch: createApp(settings).fetch }) as Server;
  const taken = await listen(
    server,
    settings.host,
    port,
    nextFree && port !== 0 ? Math.min(65_535, port + tries) : port,
  );
  const name = settings.host.includes(":") ? `[${settings.host}]` : settings.host;
  return {
    address: `http://${["0.0.0.0", "[::]"].includes(name) ? "127.0.0.1" : name}:${taken}/`,
    port: taken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, host: string, first: number, last: number): Promise<number> {
  for (let port = first; ; port++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.off("error", reject);
          resolve();
        });
      });
      return (server.address() as { port: number }).port;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "EADDRINUSE" && port < last) continue;
      if (code === "EADDRINUSE") throw new InputError(`port ${port} of ${host} is taken; give another by --port`);
      if (code === "EACCES") throw new InputError(`port ${port} of ${host} may not be used; give another by --port`);
      if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EAI_AGAIN")
        throw new InputError(`${host} is no address of this machine (${message}); give another by --host`);
      throw error;
    }
  }
}
