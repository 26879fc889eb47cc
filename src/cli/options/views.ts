import { z } from "zod";
import { value } from "../../base/schema.ts";
import { choice, positive } from "../../base/values.ts";
import { viewKinds } from "./choices.ts";

/** Distribution of the viewing directions. */
export type ViewDistribution =
  | { kind: "uniform" }
  /** Von Mises–Fisher around one axis; kappa 0 would be uniform, the larger the narrower. */
  | { kind: "vmf"; kappa: number };

export const viewFields = {
  views: value(choice(viewKinds)).default("uniform"),
  kappa: value(positive()).optional(),
};

const viewSchema = z.object(viewFields);

/** The typed distribution out of parsed fields. A missing or idle kappa is reported as an issue of `kappa`. */
export function toViews(fields: z.output<typeof viewSchema>, context: z.RefinementCtx): ViewDistribution {
  if (fields.views === "uniform") {
    if (fields.kappa !== undefined)
      context.addIssue({ code: "custom", path: ["kappa"], message: "has a meaning only with --views vmf" });
    return { kind: "uniform" };
  }
  if (fields.kappa === undefined) {
    context.addIssue({ code: "custom", path: ["kappa"], message: "is required with --views vmf: a number above 0" });
    return z.NEVER;
  }
  return { kind: "vmf", kappa: fields.kappa };
}
