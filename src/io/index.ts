/**
 * Files of the field, read to plain typed data: MRC maps and stacks, STAR and cryoSPARC particles, atomic models.
 *
 * @module
 */
export { InputError } from "../base/errors.ts";
export type { DataFile, Files } from "../base/files.ts";
export type { Optics, ParticleSet, Poses, Volume } from "../base/types.ts";
export { type Atoms, readAtoms } from "./atoms.ts";
export { type CsField, type CsTable, parseCs, readCs } from "./cs.ts";
export { type AstigmaticDefocus, readDefocusTable } from "./defocusTable.ts";
export { disk } from "./disk.ts";
export {
  type ImageStack,
  openStack,
  readMap,
  readMrcHeader,
  writeMap,
  writeStack,
} from "./mrc.ts";
export type { MrcHeader } from "./mrcHeader.ts";
export type { ReadOptions } from "./particleChecks.ts";
export { openParticleImages, type ParticleImages, validateImages } from "./particleImages.ts";
export { particlesOfStack, readParticles, subset } from "./particles.ts";
export { type ParticlesCsOptions, writeParticlesCs } from "./particlesCs.ts";
export { type ParticlesStarOptions, writeParticlesStar } from "./particlesStar.ts";
export { parseStar, type StarBlock, type StarTable, writeStar } from "./star.ts";
