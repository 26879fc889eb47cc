/**
 * Choices and defaults that the help texts and the validation share. No import here: `cryogan --help` loads this file,
 * and must not wait for the validation library.
 */
export const noiseKinds = ["white", "spectrum", "bank", "extended", "varied"] as const;
export const viewKinds = ["uniform", "vmf"] as const;
export const masks = ["none", "sphere", "auto"] as const;

/** Defaults as a user would type them. Optics: a 300 kV microscope with Cs 2.7 mm, the commonest in EMDB. */
export const opticsDefaults = {
  defocusRange: "0.8,2.5",
  voltage: "300",
  cs: "2.7",
  amplitudeContrast: "0.1",
  bFactor: "0",
} as const;

export const simulateDefaults = {
  ...opticsDefaults,
  noise: "white",
  junk: "0",
  views: "uniform",
  device: "auto",
  seed: "1",
} as const;

export const evaluateDefaults = { mask: "auto" } as const;

export const projectDefaults = { ...opticsDefaults, views: "uniform", seed: "1" } as const;
