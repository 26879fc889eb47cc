/**
 * Files of the field, read to plain typed data: MRC maps and stacks, STAR and cryoSPARC particles, atomic models.
 *
 * @module
 */
export { readAtoms, type Atoms } from "./atoms.ts";
export { parseCs, readCs, type CsField, type CsTable } from "./cs.ts";
export { readDefocusTable, type AstigmaticDefocus } from "./defocusTable.ts";
export { createStackWriter, openStack, readMap, readMrcHeader, writeMap, type ImageStack, type StackWriter } from "./mrc.ts";
export type { MrcHeader } from "./mrcHeader.ts";
export type { ReadOptions } from "./particleChecks.ts";
export { openParticleImages, validateImages, type ParticleImages } from "./particleImages.ts";
export { readParticles, subset } from "./particles.ts";
export { writeParticlesStar, type ParticlesStarOptions } from "./particlesStar.ts";
export { parseStar, writeStar, type StarBlock, type StarTable } from "./star.ts";
export { InputError, type Optics, type ParticleSet, type Poses, type Volume } from "./types.ts";
