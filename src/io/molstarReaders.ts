/**
 * The readers that we take from Mol*. A build bundles them into this file, so that users do not install the rest of
 * Mol* (scripts/bundle-molstar.mjs).
 */
export { CIF, type CifCategory } from "molstar/lib/mol-io/reader/cif.js";
export { parsePDB } from "molstar/lib/mol-io/reader/pdb/parser.js";
export { pdbToMmCif } from "molstar/lib/mol-model-formats/structure/pdb/to-cif.js";
