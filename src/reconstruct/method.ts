/** The two ways to a map: CryoGAN alone, or CryoGAN for the shape and likelihood for the detail. */
import type { Stage } from "./stage.ts";

/** cryogan: distribution matching by adversarial stages alone; refined: likelihood refinement ends the run. */
export const methods = ["cryogan", "refined"] as const;
export type Method = (typeof methods)[number];

/** That of a map which came out of these stages. */
export const methodOf = (stages: readonly Stage[]): Method =>
  stages.every((stage) => stage.kind === "adversarial") ? "cryogan" : "refined";

/** What of the options tells of a method. */
interface Asked {
  method?: Method;
  recipe?: string;
}

/** That of the options: recipes are of CryoGAN alone. */
export const methodChosen = ({ method, recipe }: Asked): Method =>
  method ?? (recipe === undefined ? "refined" : "cryogan");

/** That of a run: a user's own stages tell by themselves. */
export const methodAsked = ({ stages, ...asked }: Asked & { stages?: readonly Stage[] }): Method =>
  stages ? methodOf(stages) : methodChosen(asked);

/** For people. */
export const methodText: Record<Method, string> = {
  cryogan: "CryoGAN alone",
  refined: "CryoGAN, refined by likelihood",
};
