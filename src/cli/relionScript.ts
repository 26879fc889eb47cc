/** The command line of a RELION 3D auto-refinement, as RELION's graphical interface writes it. */
import { shellCommand } from "../base/shellCommand.ts";

export interface RefinementScript {
  /** Where the script starts from, as seen from its own folder; the paths below start there. */
  startFolder: string;
  particles: string;
  reference: string;
  /** Prefix of RELION's files. */
  out: string;
  lowPassAngstrom: number;
  particleDiameterAngstrom: number;
  symmetry: string;
  /** The images' phases are flipped. */
  phaseFlipped: boolean;
}

/**
 * A bash script for RELION 3.1 and later. Options are those of RELION 3.1's Refine3D job with its defaults
 * (pipeline_jobs.cpp, getCommandsAutorefineJob). `--firstiter_cc` stands for "map not on absolute greyscale": RELION's
 * documentation advises it for maps of other programs, and what it costs is one iteration that starts from the filtered
 * map again.
 */
export function refinementScript(script: RefinementScript): string {
  const { startFolder, out, phaseFlipped } = script;
  const quoted = (path: string): string => shellCommand([path]);
  const refine = [
    `--o ${quoted(out)} --i ${quoted(script.particles)} --auto_refine --split_random_halves`,
    `--ref ${quoted(script.reference)} --firstiter_cc --ini_high ${script.lowPassAngstrom}`,
    `--ctf${phaseFlipped ? " --ctf_phase_flipped" : ""} --flatten_solvent --zero_mask`,
    `--particle_diameter ${script.particleDiameterAngstrom}`,
    "--oversampling 1 --healpix_order 2 --auto_local_healpix_order 4 --offset_range 5 --offset_step 2",
    `--sym ${script.symmetry} --low_resol_join_halves 40 --norm --scale`,
    `--pad 2 --pool 3 --dont_combine_weights_via_disc --j "\${THREADS:-1}"`,
  ];
  const mask = quoted(script.reference.replace(/[^/]*$/, "mask.mrc"));
  return `#!/usr/bin/env bash
# RELION 3D auto-refinement that starts from a cryogan map. Options are passed on to RELION:
#   ./relion_refine.sh --solvent_mask ${mask} --solvent_correct_fsc --gpu ""
# MPI is the number of processes, one leader and an even number of workers; THREADS is that of each worker's threads.
set -euo pipefail
cd "$(dirname "$0")"/${quoted(startFolder)}
mkdir -p ${quoted(out.replace(/\/[^/]*$/, ""))}
mpirun -n "\${MPI:-3}" relion_refine_mpi \\
${refine.map((line) => `  ${line} \\`).join("\n")}
  "$@"
`;
}
