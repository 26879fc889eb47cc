/**
 * What is done with the map of a run after it, by processes that outlive the server: each in a folder of its own in the
 * run folder, made for it, so that nothing that is there is written over or through.
 */
import { execFile } from "node:child_process";
import { lstat, mkdir, readdir, realpath, rm } from "node:fs/promises";
import { join, sep } from "node:path";
import { thisCommand } from "../../base/thisCommand.ts";
import { optionName } from "../../base/values.ts";
import { fileError } from "../../io/disk.ts";
import { isAlive, readProcess } from "../../reconstruct/folder/runProcess.ts";
import { FormError, type RunForm } from "../live/source.ts";
import { exportPrograms, type Outcome, type Task, type TaskKind, taskFields, taskName } from "../live/tasks.ts";
import { ConflictError } from "./conflict.ts";
import { readTail } from "./inside.ts";
import { failureOf, launch } from "./launch.ts";
import { errorIn } from "./runState.ts";

export interface Tasks {
  outcome(folder: string): Promise<Outcome>;
  /** @returns its name. @throws {FormError} where it is refused at once. @throws {ConflictError} */
  start(folder: string, kind: TaskKind, form: RunForm): Promise<string>;
  /** Draws report.html. @throws {ConflictError} where it cannot */
  report(folder: string): Promise<void>;
}

const nameOfTask = new RegExp(`^${taskName}$`);
/** Of log.txt: the lines that tell how far a task is and what it came to. */
const tailBytes = 65_536;

/**
 * @param command  the program with its first arguments
 * @param settleMs how long to wait for a task to end; one that goes on is told of by its folder
 */
export function createTasks(command: readonly string[] = thisCommand(), settleMs = 10_000): Tasks {
  return {
    async outcome(folder) {
      const entries = await readdir(folder, { withFileTypes: true }),
        names = entries.filter((entry) => entry.isDirectory() && nameOfTask.test(entry.name)).map(({ name }) => name);
      const report = await lstat(join(folder, "report.html")).catch(() => undefined);
      return {
        tasks: await Promise.all(names.map((name) => taskIn(folder, name))),
        ...(report?.isFile() ? { reported: report.mtime.toISOString() } : {}),
      };
    },

    async start(folder, kind, form) {
      const { program, ...others } = form,
        target = program || exportPrograms[0],
        options = argumentsOf(kind, kind === "export" ? others : form);
      if (kind === "export" && !exportPrograms.some((one) => one === target))
        throw new FormError({ program: `expected one of ${exportPrograms.join(", ")}` });
      await refuseLinksOut(folder);
      const name = await makeFolder(folder, kind),
        own = join(folder, name),
        out =
          kind === "postprocess" ? `--out=${join(own, "sharpened.mrc")}` : `--${String(target).toLowerCase()}=${own}`;
      const launched = await launch(command, [kind, out, ...options, "--json", "--", folder], own),
        failure = await failureOf(launched, own, settleMs, async () => false);
      if (!failure) return name;
      await rm(own, { recursive: true });
      throw refusalOf(failure.message ?? "it ended at once", kind);
    },

    async report(folder) {
      await refuseLinksOut(folder);
      await new Promise<void>((resolve, reject) => {
        const args = [...command.slice(1), "report", "--json", "--", folder];
        execFile(command[0]!, args, { windowsHide: true }, (error, _stdout, stderr) =>
          error ? reject(new ConflictError(errorIn(stderr) ?? error.message)) : resolve(),
        );
      });
    },
  };
}

/** @throws {FormError} for what the kind does not have; values are the command's to check */
function argumentsOf(kind: TaskKind, form: RunForm): string[] {
  const problems: Record<string, string> = {};
  const args = Object.entries(form).flatMap(([name, value]) => {
    const field = taskFields[kind].find((one) => one.name === name);
    if (value === "" || (field?.flag && value === false)) return [];
    if (!field) problems[name] = "there is no such option";
    else if (field.flag ? value !== true : typeof value !== "string") problems[name] = "expected another kind of value";
    else if (field.choices && !field.choices.includes(String(value)))
      problems[name] = `expected one of ${field.choices.join(", ")}`;
    return [value === true ? optionName(name) : `${optionName(name)}=${value}`];
  });
  if (Object.keys(problems).length > 0) throw new FormError(problems);
  return args;
}

/** "--b-factor: expected auto or a number" stands beside its field. */
function refusalOf(message: string, kind: TaskKind): FormError {
  const field = taskFields[kind].find(({ label }) => message.startsWith(`${label}: `));
  return new FormError(field ? { [field.name]: message.slice(field.label.length + 2) } : { "": message });
}

/**
 * A command follows links and waits for pipes: where a run folder, which may come from anyone, has links that lead out
 * of it, or what is neither file nor folder, nothing is begun.
 * @throws {ConflictError}
 */
async function refuseLinksOut(folder: string): Promise<void> {
  const base = (await realpath(folder)) + sep;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile() || entry.isDirectory()) continue;
    const target = entry.isSymbolicLink() ? await realpath(path).catch(() => undefined) : undefined,
      found = target?.startsWith(base) ? await lstat(target) : undefined;
    if (!found?.isFile()) throw new ConflictError(`${path} leads out of the run folder, or is no file; remove it`);
  }
}

/** @returns the name of a folder that was not there before */
async function makeFolder(folder: string, kind: TaskKind): Promise<string> {
  for (let number = 1; ; number++) {
    const name = `${kind}-${number}`;
    try {
      await mkdir(join(folder, name));
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw fileError("write", join(folder, name), error);
    }
  }
}

async function taskIn(folder: string, name: string): Promise<Task> {
  const own = join(folder, name);
  const [owner, text, files] = await Promise.all([
    readProcess(own),
    readTail(folder, `${name}/log.txt`, tailBytes),
    filesIn(own),
  ]);
  const task = {
    name,
    kind: nameOfTask.exec(name)![1] as TaskKind,
    files: files.map((file) => ({ ...file, path: `${name}/${file.path}` })),
  };
  const lines = text.trimEnd().split("\n"),
    last = lines.findLast((line) => line.startsWith("{")),
    told = last === undefined ? undefined : parsed(last);
  if (owner && (await isAlive(owner))) {
    const { done, count } = told ?? {};
    const progress = typeof done === "number" && typeof count === "number" ? { progress: { done, count } } : {};
    return { ...task, state: "running", ...progress };
  }
  const message = errorIn(text);
  if (message !== undefined) return { ...task, state: "failed", message };
  return told && told.type !== "progress"
    ? { ...task, state: "finished", result: told }
    : { ...task, state: "stopped" };
}

/** @returns undefined for what is no object in JSON */
function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Files directly in it, by name; not those that are being written, and not links. */
async function filesIn(folder: string): Promise<Task["files"]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []),
    names = entries.filter((entry) => entry.isFile() && !/^\.|^run\.pid$/.test(entry.name)).map(({ name }) => name);
  const files = await Promise.all(
    names.map(async (path) => {
      const found = await lstat(join(folder, path)).catch(() => undefined); // removed meanwhile
      return found ? [{ path, bytes: found.size }] : [];
    }),
  );
  return files.flat();
}
