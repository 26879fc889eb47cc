import { parseReconstructOptions } from "../../reconstruct/optionSchema.ts";
import type { ReconstructOptions } from "../../reconstruct/options.ts";

/** What `cryogan reconstruct` was asked to do: a run, and how to show it. */
export interface ReconstructCommandOptions extends ReconstructOptions {
  /** Serve the live page and open it in the browser. */
  open: boolean;
  /** Print events as JSON lines. */
  json: boolean;
}

/** @throws UsageError naming the option */
export function parseReconstructCommand(values: Record<string, unknown>): ReconstructCommandOptions {
  return { ...parseReconstructOptions(values), open: values.open === true, json: values.json === true };
}
