import type { StageContext } from "../stage.ts";
import type { ParticleStore } from "./particleStore.ts";

/** What stages of refinement work with besides. */
export interface RefinementContext extends StageContext {
  /** All particles. */
  store: ParticleStore;
  /** Scales of all particles as far as they were found (scales.ts), [count]. */
  scales?: Float32Array;
  /** Shares of several classes as far as they were found, junk last. */
  shares?: Float32Array;
  /** And the posterior probability of each for each particle, [classes, count]. */
  memberships?: Float32Array;
  /** Whether the maps are of states near one another: each is estimated with the others (jointEstimate.ts). */
  alike?: boolean;
  /** Weights of the distribution of viewing directions as far as it was found (viewPrior.ts). */
  viewWeights?: Float32Array;
}
