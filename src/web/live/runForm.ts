/**
 * Options as typed, by their keys (reconstruct/options.ts): "symmetry": "D2", "halfMaps": true.
 */
export type RunForm = Record<string, string | boolean>;
