/** Runs as processes of their own, which outlive the server: begun, stopped and resumed. */

import { lstat, mkdir, rm, stat } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { thisCommand } from "../../base/thisCommand.ts";
import { disk, fileError } from "../../io/disk.ts";
import { readPlain } from "../../io/plainFile.ts";
import { parseConfig } from "../../reconstruct/folder/config.ts";
import { isAlive, readProcess, worksIn } from "../../reconstruct/folder/runProcess.ts";
import { refusalOf } from "../live/goingOn.ts";
import { FormError, nameTaken, type RunForm } from "../live/source.ts";
import { argumentsOfConfig, argumentsOfForm } from "./arguments.ts";
import { ConflictError } from "./conflict.ts";
import { failureOf, launch } from "./launch.ts";

export interface Processes {
  /** @returns the folder of the new run. @throws {FormError} */
  start(form: RunForm): Promise<string>;
  /** Asks the process to stop, which it does after a checkpoint. @throws {ConflictError} */
  stop(folder: string): Promise<void>;
  /** @param further options asked anew. @throws {ConflictError} @throws {FormError} where these are refused */
  resume(folder: string, further?: RunForm): Promise<void>;
}

/** Bytes of config.json; it holds options and a list of stages. */
const largestConfig = 1 << 20;

/**
 * @param runsFolder where new runs go
 * @param command    the program with its first arguments
 * @param settleMs   how long to wait for a process to tell that it has begun, or why it cannot; what goes wrong later
 *   is told by its run
 */
export function createProcesses(
  runsFolder: string,
  command: readonly string[] = thisCommand(),
  settleMs = 10_000,
): Processes {
  const busy = new Set<string>(),
    asked = new Map<string, string>();
  /** A second click while the first is at work would begin a second process. */
  const alone = async <T>(folder: string, task: () => Promise<T>): Promise<T> => {
    const path = resolve(folder);
    if (busy.has(path)) throw new ConflictError("it is being started already");
    busy.add(path);
    try {
      return await task();
    } finally {
      busy.delete(path);
    }
  };
  return {
    async start(form) {
      const { out: name, ...options } = form;
      const folder = join(runsFolder, await nameOfNew(form, runsFolder));
      const args = argumentsOfForm(options, folder);
      if (
        !(await stat(String(form.particlesFile)).then(
          (file) => file.isFile(),
          () => false,
        ))
      )
        throw new FormError({ particlesFile: "there is no such file" });
      return alone(folder, async () => {
        await disk.makeFolder(runsFolder);
        await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
          throw error.code === "EEXIST" ? new FormError({ out: nameTaken }) : fileError("write", folder, error);
        });
        const failure = await begin(command, args, folder, settleMs);
        if (failure === undefined) return folder;
        await rm(folder, { recursive: true });
        throw refusalOf(failure, options);
      });
    },

    async stop(folder) {
      const found = await readProcess(folder);
      if (!found || !(await isAlive(found)))
        throw new ConflictError(
          found
            ? `its process is not on this machine, or has ended (${found.host}, ${found.pid})`
            : "it is not running",
        );
      // What run.pid says may come from anyone.
      if (!(await worksIn(folder, found.pid)))
        throw new ConflictError(
          `process ${found.pid} does not show itself to be this run's (yet); ` +
            "try again, or stop it where it was started",
        );
      // A second signal would end it without a checkpoint.
      const key = `${found.pid} ${found.started}`;
      if (asked.get(resolve(folder)) === key) return;
      asked.set(resolve(folder), key);
      process.kill(found.pid, "SIGINT");
    },

    resume: (folder, further = {}) =>
      alone(folder, async () => {
        const found = await readProcess(folder);
        if (found && (await isAlive(found))) throw new ConflictError("it is running");
        const path = join(folder, "config.json");
        let config: Record<string, unknown>;
        try {
          config = JSON.parse((await readPlain(path, largestConfig)).toString()) as Record<string, unknown>;
          parseConfig(folder, config);
        } catch (error) {
          throw new ConflictError(`${path} cannot be read (${(error as Error).message}); start a new run`);
        }
        const failure = await begin(command, argumentsOfConfig(config, folder, further), folder, settleMs);
        if (failure === undefined) return;
        throw Object.keys(further).length > 0 ? refusalOf(failure, further) : new ConflictError(failure);
      }),
  };
}

/** The name asked for, or one made from that of the particle file. @throws {FormError} */
async function nameOfNew({ out, particlesFile }: RunForm, runsFolder: string): Promise<string> {
  if (out !== undefined && out !== "") {
    if (typeof out === "string" && /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u.test(out)) return out;
    throw new FormError({ out: "expected a name of letters, digits, dots, spaces and dashes: the folder of the run" });
  }
  const stem =
    basename(String(particlesFile ?? "run"), extname(String(particlesFile ?? "")))
      .replaceAll(/[^\p{L}\p{N}._-]+/gu, "-")
      .replace(/^[._-]+/, "")
      .slice(0, 60) || "run";
  let count = 1;
  while (await disk.at(join(runsFolder, `${stem}-${count}`)).exists()) count++;
  return `${stem}-${count}`;
}

/** Starts the program, and waits until the run has begun. @returns why it ended before */
async function begin(
  command: readonly string[],
  args: readonly string[],
  folder: string,
  settleMs: number,
): Promise<string | undefined> {
  const eventsSize = () =>
    lstat(join(folder, "events.jsonl")).then(
      ({ mtimeMs, size, ino }) => `${ino} ${size} ${mtimeMs}`,
      () => "0",
    );
  const before = await eventsSize();
  const launched = await launch(command, args, folder),
    failure = await failureOf(launched, folder, settleMs, async () => (await eventsSize()) !== before);
  return failure && (failure.message ?? `it ended at once; see ${join(folder, "log.txt")}`);
}
