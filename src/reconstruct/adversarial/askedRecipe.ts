/** Which settings of training the options of a run ask for. */
import type { ReconstructOptions } from "../options.ts";
import { paperRecipe } from "./paper.ts";
import { type AdversarialRecipe, chooseRecipe } from "./recipes.ts";

/**
 * The critic of two volumes finds most of one structure. That of free templates is the one for several: they take up
 * what differs among the images, where a mixture of volumes may end with all particles in one of them.
 *
 * @param particles of a set
 */
export const askedRecipe = (
  { recipe, critic, loss, classes = 1 }: Pick<ReconstructOptions, "recipe" | "critic" | "loss" | "classes">,
  particles: number,
): AdversarialRecipe =>
  recipe === "paper"
    ? paperRecipe(particles)
    : chooseRecipe(critic ?? (classes > 1 ? "likelihood-ratio" : "volume"), loss);
