import { hostname } from "node:os";

/** What the launcher of an MPI job (mpirun, srun) tells each process through its environment. */
export interface Launch {
  /** Of which kind the launcher is; undefined where it starts processes of both (Slurm). */
  kind: "Open MPI" | "MPICH" | undefined;
  rank: number;
  /** Undefined where it is not told. */
  size: number | undefined;
}

/**
 * How this process was launched; undefined if not by MPI, or as the only process. Slurm's own variables do not count:
 * a batch script has them, too, where nothing was launched.
 */
export function launched(environment: NodeJS.ProcessEnv = process.env): Launch | undefined {
  const number = (name: string): number | undefined =>
    /^\d+$/.test(environment[name] ?? "") ? Number(environment[name]) : undefined;
  const launch = (kind: Launch["kind"], rank: number | undefined, size: number | undefined): Launch | undefined =>
    rank === undefined || size === 1 ? undefined : { kind, rank, size };

  // mpirun of Open MPI, and prterun.
  if (number("OMPI_COMM_WORLD_SIZE") !== undefined)
    return launch("Open MPI", number("OMPI_COMM_WORLD_RANK"), number("OMPI_COMM_WORLD_SIZE"));
  // Hydra, the launcher of MPICH, Intel MPI and MVAPICH, also sets MPI_LOCALNRANKS; srun --mpi=pmi2 the others alone.
  if (number("PMI_SIZE") !== undefined)
    return launch(
      number("MPI_LOCALNRANKS") === undefined ? undefined : "MPICH",
      number("PMI_RANK"),
      number("PMI_SIZE"),
    );
  // srun --mpi=pmix.
  return launch(undefined, number("PMIX_RANK"), number("SLURM_STEP_NUM_TASKS") ?? number("SLURM_NTASKS"));
}

/** Where this process runs, for messages. */
export const placeOf = (launch: Launch): string => `rank ${launch.rank} on ${hostname()}`;
