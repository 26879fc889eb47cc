import { InputError } from "../../base/errors.ts";
import { type ChosenDevice, chooseDevice } from "../../runtime/device.ts";
import type { OnnxRuntime } from "../../runtime/onnxRuntime.ts";
import type { RunInput } from "../folder/input.ts";
import type { ReconstructOptions } from "../options.ts";

/**
 * The device of a run: the one asked for or, of a run that goes on, the one it began on, as numbers differ from device
 * to device.
 * @throws {InputError} if it does not work here, or another is asked for
 */
export async function runDevice(
  runtime: OnnxRuntime,
  { device, threads, out }: ReconstructOptions,
  before: Pick<RunInput, "device"> | undefined,
): Promise<ChosenDevice> {
  if (!before) return chooseDevice(runtime, device, threads);
  const advice = "or start anew with --overwrite";
  if (device !== "auto" && device !== before.device)
    throw new InputError(`${out}: the run began on ${before.device}; go on with --device ${before.device}, ${advice}`);
  return chooseDevice(runtime, before.device, threads).catch((error: Error) => {
    throw error instanceof InputError
      ? new InputError(
          `${out}: the run began on ${before.device}, which does not work here; go on where it does, ${advice}`,
        )
      : error;
  });
}
