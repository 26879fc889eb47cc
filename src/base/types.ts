/** Plain types that all layers share. */
/** A density map. `data` is z, y, x with x fastest, as MRC stores it. */
export interface Volume {
  data: Float32Array;
  /** [nz, ny, nx] */
  shape: [number, number, number];
  pixelSizeAngstrom: number;
  /** Position of voxel (0,0,0) in Å, [x, y, z], as in the MRC ORIGIN field. */
  originAngstrom: [number, number, number];
}

/** Per-particle optics, structure of arrays: every array has one entry per particle. */
export interface Optics {
  defocusUAngstrom: Float64Array;
  defocusVAngstrom: Float64Array;
  /** Angle between the x axis and the defocus-U direction, radians. */
  astigmatismAngle: Float64Array;
  /** Phase-plate shift, radians. */
  phaseShift: Float64Array;
  voltageKv: Float64Array;
  sphericalAberrationMm: Float64Array;
  amplitudeContrast: Float64Array;
  /** CTF envelope B-factor in Å² (0 when the file names none). */
  bFactorAngstrom2: Float64Array;
  /** 1 where the image's phases were flipped, so that its transfer function is |CTF|, else 0; absent: all 0. */
  phaseFlipped?: Float64Array;
}

/** What is known of where the particles lie in their images; absent where the file has no poses. */
export interface Poses {
  /** RELION Euler angles (ZYZ), radians. */
  rot: Float64Array;
  tilt: Float64Array;
  psi: Float64Array;
  /** RELION origin offsets in Å (a positive value: the particle lies to the left of / above the centre). */
  originXAngstrom: Float64Array;
  originYAngstrom: Float64Array;
}

/** Particles as a STAR or .cs file lists them; images stay on disk. */
export interface ParticleSet {
  count: number;
  /** The file this was read from, for messages. */
  source: string;
  /** Distinct stacks, absolute paths. */
  stacks: string[];
  /** Which stack (index into `stacks`) and which image in it (0-based), per particle. */
  stackIndex: Int32Array;
  imageIndex: Int32Array;
  /** Box edge in pixels, the same for all particles. */
  boxSize: number;
  pixelSizeAngstrom: number;
  optics: Optics;
  opticsGroup: Int32Array;
  opticsGroupNames: string[];
  /** Number of each group in the file (rlnOpticsGroup, ctf/exp_group_id); absent where they were not read from one. */
  opticsGroupNumbers?: number[];
  /** cryoSPARC's name of each particle, where the file has it. */
  uid?: BigUint64Array;
  /**
   * Micrographs that the particles were picked on, and which of them each particle is from; absent where the file names
   * none.
   */
  micrographs?: { names: string[]; index: Int32Array };
  poses?: Poses;
  /** Class of each particle as the file numbers them (rlnClassNumber, alignments3D/class), if present. */
  classNumber?: Int32Array;
  /** rlnRandomSubset (1 or 2), if present. */
  randomSubset?: Int32Array;
  /**
   * 1, or −1 where the image's contrast is the reverse of that of row 1 (blob/sign); absent where all are alike. Images
   * are multiplied by it when they are read.
   */
  sign?: Int8Array;
  /** What is to be known of the file and does not forbid its use, one line each. */
  warnings?: readonly string[];
  /** Where particle i stands in `source`: "particles.star: row 17 (line 45)"; rows count from 1. */
  where(particle: number): string;
}
