/** Which settings of training the options of a run ask for. */
import { methodChosen } from "../method.ts";
import type { ReconstructOptions } from "../options.ts";
import { paperRecipe } from "./paper.ts";
import { type AdversarialRecipe, chooseRecipe, criticFor } from "./recipes.ts";

/** @param particles of a set */
export const askedRecipe = (
  options: Pick<ReconstructOptions, "recipe" | "critic" | "loss" | "method">,
  particles: number,
): AdversarialRecipe =>
  options.recipe === "paper"
    ? paperRecipe(particles)
    : chooseRecipe(options.critic ?? criticFor(methodChosen(options)), options.loss);
