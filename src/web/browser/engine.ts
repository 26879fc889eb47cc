/** Runs in the worker: starts, stops and goes on with reconstructions, one at a time, and tells of them. */
import { basename, dirname, join } from "pathe";
import modelUrl from "../../../data/ribosome-70s-65.mrc?url";
import { InputError } from "../../base/errors.ts";
import type { DataFile } from "../../base/files.ts";
import { readBytes, readText, writeFileAtomic } from "../../io/files.ts";
import { readParticles } from "../../io/particles.ts";
import { parseEvents, thinEvents } from "../../reconstruct/folder/eventLines.ts";
import type { RunEvent } from "../../reconstruct/folder/events.ts";
import { reconstructSchema } from "../../reconstruct/optionSchema.ts";
import type { ReconstructOptions } from "../../reconstruct/options.ts";
import type { ReadingOptions } from "../../reconstruct/readingOptions.ts";
import { type Inspection, inspectParticles } from "../../reconstruct/run/inspection.ts";
import { reconstruct } from "../../reconstruct/run/run.ts";
import { chooseDevice } from "../../runtime/device.ts";
import { alone } from "../../runtime/processes.ts";
import { optionsGoingOn, refusalOf } from "../live/goingOn.ts";
import { readingOptions, readingProblem } from "../live/readingOptions.ts";
import { endState, FormError, fieldProblems, type RunForm, type RunState, type RunSummary } from "../live/source.ts";
import { claimFolder } from "./claim.ts";
import { demoForm, simulateDemo } from "./demo.ts";
import { type BrowserFiles, createFiles } from "./files.ts";
import { webRuntime } from "./onnxRuntimeWeb.ts";
import { type Keeper, keepFiles } from "./opfs.ts";

/** Put in when the page is built (vite.ts). */
declare const __CRYOGAN_VERSION__: string;

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
  let keeper: Keeper | undefined;
  const files = createFiles([`${runs}/`, `${demo}/`], (path) => keeper?.changed(path));
  const inRun = (id: string, name: string): DataFile => files.at(join(runs, id, name));
  keeper = await keepFiles(files, (error) => {
    if (current)
      note(current.id, {
        type: "warning",
        time: new Date().toISOString(),
        message: `the run is lost when this tab is closed: it cannot be stored (${error.message})`,
      });
  });

  async function eventsOf(id: string): Promise<RunEvent[]> {
    if (!known.has(id)) {
      known.set(id, parseEvents(await readText(inRun(id, "events.jsonl")).catch(() => "")));
    }
    return known.get(id)!;
  }

  async function summary(id: string): Promise<RunSummary> {
    const last = (await eventsOf(id)).at(-1);
    const state: RunState = current?.id === id ? "running" : endState(last);
    const { out } = await formOf(id);
    return {
      id,
      name: String(out),
      state,
      ...(last && { changed: last.time }),
      ...(last?.type === "failed" && state === "failed" && { message: last.message }),
    };
  }

  const formOf = async (id: string): Promise<RunForm> => JSON.parse(await readText(inRun(id, formFile))) as RunForm;

  let looking: Promise<unknown> = Promise.resolve();
  async function inspect(form: RunForm): Promise<Inspection> {
    const options = readingOptions(form);
    try {
      await checkStacks(files, options);
      // What computes is at work for the run, if one goes on.
      return await inspectParticles(files, options, current ? undefined : () => chooseDevice(webRuntime, "auto"));
    } catch (error) {
      if (error instanceof InputError) throw readingProblem(error.message);
      throw error;
    }
  }

  /** Begins, and returns once the input was found right. */
  async function begin(id: string, form: RunForm): Promise<string> {
    const options = { ...validated(form), out: join(runs, id) };
    await eventsOf(id);
    await looking;
    if (current) throw new FormError({ "": `the run ${current.id} is going on; stop it first` });
    const controller = new AbortController();
    let first!: () => void;
    const started = new Promise<void>((resolve) => (first = resolve));
    const work = (async () => {
      await checkStacks(files, options);
      await reconstruct(
        { files, runtime: webRuntime, processes: alone, claim: claimFolder, origin: { version: __CRYOGAN_VERSION__ } },
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
    await writeFileAtomic(inRun(id, formFile), JSON.stringify({ ...form, resume: false, overwrite: false }));
    listener.changed();
    return id;
  }

  return {
    add: async (given: File[]): Promise<void> => given.forEach((file) => files.drop(file)),
    /** One at a time, and no run begins meanwhile: they would be in each other's way. */
    async inspect(form: RunForm): Promise<Inspection> {
      const inspection = looking.then(() => inspect(form));
      looking = inspection.catch(() => {});
      return inspection;
    },
    names: async (): Promise<string[]> => files.dropped(),
    async list(): Promise<RunSummary[]> {
      const forms = files.written().filter((path) => path.startsWith(runs) && basename(path) === formFile);
      return Promise.all(forms.map((path) => summary(basename(dirname(path)))));
    },
    events: async (id: string): Promise<RunEvent[]> => [...(await eventsOf(id))],
    async file(id: string, path: string): Promise<ArrayBuffer | undefined> {
      return readBytes(inRun(id, path)).then(
        (bytes) => bytes.buffer,
        () => undefined,
      );
    },
    /** Of the demo: the map that its particles were simulated from. */
    async truth(id: string): Promise<ArrayBuffer | undefined> {
      return id === "demo" ? (await readBytes(files.at(join(demo, "truth.mrc")))).buffer : undefined;
    },
    start: async (form: RunForm): Promise<string> => begin(idOf(String(form.out ?? "")), form),
    async stop(id: string): Promise<void> {
      if (current?.id !== id) return;
      current.controller.abort();
      await current.ended;
    },
    async resume(id: string, further: RunForm = {}): Promise<void> {
      const form = { ...optionsGoingOn(await formOf(id), further), resume: true };
      await begin(id, form).catch((error: Error) => {
        throw error instanceof FormError && Object.keys(further).length > 0 ? refusalOf(error.message, further) : error;
      });
    },
    /** Simulates particles, unless they are there, and reconstructs them. */
    async demo(): Promise<string> {
      if (!(await files.at(demoForm.particlesFile).exists())) {
        const model = files.at(join(demo, "model.mrc"));
        await writeFileAtomic(model, new Uint8Array(await (await fetch(modelUrl)).arrayBuffer()));
        await simulateDemo(files, model, demo, await chooseDevice(webRuntime, "auto"));
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
async function checkStacks(files: BrowserFiles, options: ReadingOptions): Promise<void> {
  if (!(await files.at(options.particlesFile).exists()))
    throw new InputError(`${options.particlesFile} is not here; drop it on the page`);
  const set = await readParticles(files, options.particlesFile, {
    projectRoot: options.projectRoot,
    passthrough: options.passthrough,
  });
  const given = new Map<File, string>();
  for (const [index, stack] of set.stacks.entries()) {
    const row = (): string => set.where(set.stackIndex.indexOf(index)),
      name = stack.split("/").at(-1)!;
    if (!(await files.at(stack).exists()))
      throw new InputError(`${row()} names ${stack}, which is not here; drop ${name} on the page, too`);
    const file = files.droppedFor(stack);
    if (!file) continue;
    if (given.has(file))
      throw new InputError(
        `${row()} names ${stack}, but the only ${name} here stands for ${given.get(file)}; ` +
          "drop the folders that hold them",
      );
    given.set(file, stack);
  }
}
