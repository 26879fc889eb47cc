/** The job that this process is part of: alone, or one of several that mpirun or srun started. */

import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../base/errors.ts";
import { type Launch, launched } from "./launched.ts";
import { type CallQueue, callQueue, mpiProcesses } from "./mpi.ts";
import { firstLine, type Handle, loadMpiLibrary, type MpiLibrary } from "./mpiLibrary.ts";
import { alone, type Processes } from "./processes.ts";

export interface Job {
  readonly processes: Processes;
  /**
   * Ends this process's part in good order, once all have come to their end. Without several processes it does nothing.
   * @param failed whether this process failed: it then waits for the others `graceMs` at most
   * @returns how many processes failed, of all; undefined if others are still at work: `abort` ends them
   */
  close(failed: boolean): Promise<number | undefined>;
  /** Ends all processes of the job, this one among them, at once. */
  abort(exitCode: number): never;
}

/** Processes that all fail for one reason do so within this time. */
const graceMs = 5000;
const pollMs = 5;

/**
 * Joins the processes that were launched together. Without a launcher nothing of MPI is loaded.
 * @throws InputError if the MPI library is missing, of an unknown kind, or not that of the launcher
 */
export async function joinJob(launch: Launch | undefined = launched()): Promise<Job> {
  if (!launch) return { processes: alone, close: async (failed) => (failed ? 1 : 0), abort: process.exit };
  const mpi = await loadMpiLibrary(launch);
  initialise(mpi);
  const queue = callQueue();
  const ending = await splitOff(mpi, queue);
  const processes = await mpiProcesses(mpi, queue, process.env.CRYOGAN_MACHINE);
  if (processes.size !== (launch.size ?? processes.size)) {
    mpi.call("MPI_Finalize");
    throw new InputError(
      `the launcher started ${launch.size} processes, but ${firstLine(mpi.version)} knows of ${processes.size}; ` +
        "start with the launcher of that library, or name the launcher's library in CRYOGAN_MPI_LIBRARY",
    );
  }
  return {
    processes,
    close: (failed) => close(mpi, queue, ending, failed),
    abort(exitCode) {
      mpi.call("MPI_Abort", mpi.world, exitCode);
      process.exit(exitCode);
    },
  };
}

/** Calls come from several threads, never two at a time. */
const threadSerialized = 2;

function initialise(mpi: MpiLibrary): void {
  const provided = new Int32Array(1);
  mpi.call("MPI_Init_thread", null, null, threadSerialized, provided);
  mpi.call("MPI_Comm_set_errhandler", mpi.world, mpi.errorsReturn);
  if (provided[0]! < threadSerialized)
    throw new InputError(
      `${firstLine(mpi.version)} was built without threads (MPI_THREAD_SERIALIZED), which are needed`,
    );
}

/** A communicator of all processes, on which nothing else is sent. */
async function splitOff(mpi: MpiLibrary, queue: CallQueue): Promise<Handle> {
  const out = mpi.handleOut();
  await queue.run(() => mpi.callAside("MPI_Comm_split", mpi.world, 0, 0, out.memory));
  return out.handle();
}

async function close(mpi: MpiLibrary, queue: CallQueue, ending: Handle, failed: boolean): Promise<number | undefined> {
  if (queue.busy) return undefined; // failed in the midst of what others wait for, too
  const failures = Int32Array.of(failed ? 1 : 0);
  const { memory: request } = mpi.handleOut();
  mpi.call("MPI_Iallreduce", mpi.inPlace, failures, 1, mpi.int, mpi.sum, ending, request);
  const ended = new Int32Array(1);
  const status = new Uint8Array(64); // MPI_Status, larger than any
  for (const begin = performance.now(); ; await sleep(pollMs)) {
    mpi.call("MPI_Test", request, ended, status);
    if (ended[0] !== 0) break;
    if (failed && performance.now() - begin > graceMs) return undefined;
  }
  mpi.call("MPI_Finalize");
  return failures[0];
}
