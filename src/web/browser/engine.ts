/** Runs in the worker: starts, stops and goes on with reconstructions, one at a time, and tells of them. */
import { join } from "pathe";
import modelUrl from "../../../data/ribosome-70s-65.mrc?url";
import { InputError } from "../../base/errors.ts";
import { readParticles } from "../../io/particles.ts";
import { parseEvents, thinEvents } from "../../reconstruct/folder/eventLines.ts";
import type { RunEvent } from "../../reconstruct/folder/events.ts";
import { reconstructSchema } from "../../reconstruct/optionSchema.ts";
import type { ReconstructOptions } from "../../reconstruct/options.ts";
import { reconstruct } from "../../reconstruct/run/run.ts";
import { chooseDevice } from "../../runtime/device.ts";
import { FormError, fieldProblems, type RunForm, type RunState, type RunSummary } from "../live/source.ts";
import { demoForm, simulateDemo } from "./demo.ts";
import { files, onFileChange } from "./nodeFs.ts";
import { keepFiles } from "./opfs.ts";

export interface Listener {
  /** The list, or a state in it, may have changed. */
  changed(): void;
  event(id: string, event: RunEvent): void;
  /** The run begins anew: its events so far count no more. */
  anew(id: string): void;
}

export type Engine = Awaited<ReturnType<typeof createEngine>>;

const runs = "/runs",
  demo = "/demo";
/** As a run goes on, its progress of long ago is told in fewer events. */
const keptPassing = 4000,
  thinnedEvery = 1000;
/** Kept in the run folder: the options as they were given, to go on with. */
const formFile = "form.json";

export async function createEngine(listener: Listener) {
  /** Events of the runs that were asked for. */
  const known = new Map<string, RunEvent[]>();
  let current: { id: string; controller: AbortController; ended: Promise<void> } | undefined;

  const note = (id: string, event: RunEvent): void => {
    const events = known.get(id)!;
    events.push(event);
    if (events.length % thinnedEvery === 0)
      known.set(
        id,
        thinEvents(events, (event) => event, keptPassing),
      );
    listener.event(id, event);
    if (event.type !== "progress" && event.type !== "loading") listener.changed();
  };
  const keeper = await keepFiles(files, (error) => {
    if (current)
      note(current.id, {
        type: "warning",
        time: new Date().toISOString(),
        message: `the run is lost when this tab is closed: it cannot be stored (${error.message})`,
      });
  });
  onFileChange((path) => keeper?.changed(path));
  await files.mkdir(runs, { recursive: true });

  async function eventsOf(id: string): Promise<RunEvent[]> {
    if (!known.has(id)) {
      known.set(id, parseEvents(await files.readFile(join(runs, id, "events.jsonl"), "utf8").catch(() => "")));
    }
    return known.get(id)!;
  }

  async function summary(id: string): Promise<RunSummary> {
    const last = (await eventsOf(id)).at(-1);
    const state: RunState =
      current?.id === id ? "running" : last?.type === "finished" || last?.type === "failed" ? last.type : "stopped";
    const { out } = await formOf(id);
    return {
      id,
      name: String(out),
      state,
      ...(last && { changed: last.time }),
      ...(last?.type === "failed" && state === "failed" && { message: last.message }),
    };
  }

  const formOf = async (id: string): Promise<RunForm> =>
    JSON.parse(await files.readFile(join(runs, id, formFile), "utf8")) as RunForm;

  /** Begins, and returns once the input was found right. */
  async function begin(id: string, form: RunForm): Promise<string> {
    const options = { ...validated(form), out: join(runs, id) };
    await eventsOf(id);
    if (current) throw new FormError({ "": `the run ${current.id} is going on; stop it first` });
    const controller = new AbortController();
    let first!: () => void;
    const started = new Promise<void>((resolve) => (first = resolve));
    const work = (async () => {
      await checkStacks(options);
      await reconstruct(
        options,
        (event) => {
          if (!options.resume && event.type === "start" && event.half !== 2) {
            known.set(id, []);
            listener.anew(id);
          }
          note(id, event);
          first();
        },
        controller.signal,
      );
    })();
    const ended = work
      .catch(() => {})
      .then(async () => {
        current = undefined;
        await keeper?.flush();
        listener.changed();
      });
    current = { id, controller, ended };
    try {
      await Promise.race([started, work]);
    } catch (error) {
      await ended;
      if (error instanceof InputError)
        throw new FormError({ [error.message.includes(options.particlesFile) ? "particlesFile" : ""]: error.message });
      throw error;
    }
    await files.writeFile(join(options.out, formFile), JSON.stringify({ ...form, resume: false, overwrite: false }));
    listener.changed();
    return id;
  }

  return {
    add: async (given: File[]): Promise<void> => given.forEach((file) => files.drop(file)),
    names: async (): Promise<string[]> => files.dropped(),
    async list(): Promise<RunSummary[]> {
      const ids = (await files.readdir(runs)).filter((id) => files.existsSync(join(runs, id, formFile)));
      return Promise.all(ids.map(summary));
    },
    events: async (id: string): Promise<RunEvent[]> => [...(await eventsOf(id))],
    async file(id: string, path: string): Promise<ArrayBuffer | undefined> {
      return files.readFile(join(runs, id, path)).then(
        (bytes) => bytes.buffer,
        () => undefined,
      );
    },
    start: async (form: RunForm): Promise<string> => begin(idOf(String(form.out ?? "")), form),
    async stop(id: string): Promise<void> {
      if (current?.id !== id) return;
      current.controller.abort();
      await current.ended;
    },
    resume: async (id: string): Promise<void> => void (await begin(id, { ...(await formOf(id)), resume: true })),
    /** Simulates particles, unless they are there, and reconstructs them. */
    async demo(): Promise<string> {
      if (!files.existsSync(join(demo, "particles.star"))) {
        await files.mkdir(demo, { recursive: true });
        await files.writeFile(join(demo, "model.mrc"), new Uint8Array(await (await fetch(modelUrl)).arrayBuffer()));
        await simulateDemo(join(demo, "model.mrc"), demo, await chooseDevice("auto"));
      }
      return begin("demo", demoForm);
    },
  };
}

/** Safe as the name of a folder and in an address. @throws {FormError} for a name of which nothing is left */
function idOf(name: string): string {
  const id = name
    .trim()
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^[.-]+|-+$/g, "");
  if (id === "") throw new FormError({ out: "is required: a name for the run" });
  return id;
}

/** @throws {FormError} for every option that is wrong */
function validated(form: RunForm): ReconstructOptions {
  const result = reconstructSchema.safeParse(form);
  if (result.success) return result.data;
  throw new FormError(fieldProblems(result.error.issues));
}

/**
 * Whether the stacks that the particles name were dropped, whatever folders they were in.
 * @throws {InputError} naming the first that is missing, or that two names share
 */
async function checkStacks(options: ReconstructOptions): Promise<void> {
  if (!files.existsSync(options.particlesFile))
    throw new InputError(`${options.particlesFile} is not here; drop it on the page`);
  const set = await readParticles(options.particlesFile, {
    projectRoot: options.projectRoot,
    passthrough: options.passthrough,
  });
  const given = new Map<File, string>();
  set.stacks.forEach((stack, index) => {
    const row = (): string => set.where(set.stackIndex.indexOf(index)),
      name = stack.split("/").at(-1)!;
    if (!files.existsSync(stack))
      throw new InputError(`${row()} names ${stack}, which is not here; drop ${name} on the page, too`);
    const file = files.droppedFor(stack);
    if (!file) return;
    if (given.has(file))
      throw new InputError(
        `${row()} names ${stack}, but the only ${name} here stands for ${given.get(file)}; ` +
          "drop the folders that hold them",
      );
    given.set(file, stack);
  });
}
