import type { Comparison } from "../../../reconstruct/folder/runFolder.ts";

/** evaluation.json, as far as it is read here. */
export interface Evaluation {
  kind?: Comparison;
}
