/** The checks of a run where it is submitted: what would end it on its node at once is told before it waits for one. */
import { InputError } from "../base/errors.ts";
import { isAlive, readProcess } from "../reconstruct/folder/runProcess.ts";
import type { ReconstructOptions } from "../reconstruct/options.ts";
import type { Host } from "../reconstruct/run/host.ts";
import { nodeHost } from "../reconstruct/run/nodeHost.ts";
import { reconstruct } from "../reconstruct/run/run.ts";
import type { OnnxRuntime } from "../runtime/onnxRuntime.ts";
import { nodeRuntime } from "../runtime/onnxRuntimeNode.ts";

class Checked extends Error {}

/** The device is that of a node, which is not here: any is taken to work. */
const anyDevice: OnnxRuntime = {
  ...nodeRuntime,
  obstacle: async () => undefined,
  createSession: (model, settings) => nodeRuntime.createSession(model, { ...settings, executionProviders: ["cpu"] }),
};

/** A run ends when it would take its folder: by then all of its input has been checked, and nothing was written. */
const checking: Host = {
  ...nodeHost,
  runtime: anyDevice,
  claim: async () => {
    throw new Checked();
  },
};

/**
 * Makes the run folder and checks options and input as the run does.
 * @throws {InputError} for anything wrong with them, and where a run goes on in the folder
 */
export async function checkRun(options: ReconstructOptions): Promise<void> {
  const other = await readProcess(options.out);
  if (other && (await isAlive(other)))
    throw new InputError(`${options.out}: a run goes on in it (process ${other.pid}); stop that one first`);
  await reconstruct(checking, options).catch((error: unknown) => {
    if (!(error instanceof Checked)) throw error;
  });
}
