/** An MPI library, loaded while the program runs: Open MPI, or MPICH and those that keep to its binary interface. */

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { KoffiFunc, LibraryHandle } from "koffi";
import { InputError } from "../base/errors.ts";
import type { Launch } from "./launched.ts";

type Koffi = typeof import("koffi");
type Kind = "Open MPI" | "MPICH";

/** What C takes for a communicator, a type or an operation: an address in Open MPI, a number in MPICH. */
export type Handle = number | bigint;
type Memory = ArrayBufferView | bigint | null;
/** A function of the library: returns 0, or the number of an error. */
type MpiFunction = KoffiFunc<(...values: (Handle | Memory)[]) => number>;

export interface MpiLibrary {
  kind: Kind;
  /** The library's own words. */
  version: string;
  world: Handle;
  byte: Handle;
  int: Handle;
  float: Handle;
  double: Handle;
  sum: Handle;
  xor: Handle;
  noInfo: Handle;
  errorsReturn: Handle;
  /** In place of the buffer that a process gives, where it is the one that takes the result. */
  inPlace: bigint;
  /** Calls a function at once. @throws Error in MPI's words */
  call(name: FunctionName, ...values: (Handle | Memory)[]): void;
  /** Calls it on another thread; memory must stay until the promise has settled. @throws Error in MPI's words */
  callAside(name: FunctionName, ...values: (Handle | Memory)[]): Promise<void>;
  /** Memory for a handle that a function gives, and the handle that it then holds. */
  handleOut(): { memory: ArrayBufferView; handle(): Handle };
  /**
   * Begins what a function of the kind that does not block does, and looks again and again whether it has ended: for
   * what takes less time than another thread takes to wake. @throws Error in MPI's words
   */
  callAndPoll(name: FunctionName, ...values: (Handle | Memory)[]): Promise<void>;
}

/** Arguments of the functions in use: a handle, memory, an int. */
const signatures = {
  MPI_Init_thread: "memory memory int memory",
  MPI_Comm_set_errhandler: "handle handle",
  MPI_Comm_rank: "handle memory",
  MPI_Comm_size: "handle memory",
  MPI_Comm_split: "handle int int memory",
  MPI_Comm_split_type: "handle int int handle memory",
  MPI_Reduce_scatter_block: "memory memory int handle handle handle",
  MPI_Allgather: "memory int handle memory int handle handle",
  MPI_Bcast: "memory int handle int handle",
  MPI_Ireduce: "memory memory int handle handle int handle memory",
  MPI_Ibcast: "memory int handle int handle memory",
  MPI_Ibarrier: "handle memory",
  MPI_Iallreduce: "memory memory int handle handle handle memory",
  MPI_Test: "memory memory memory",
  MPI_Error_string: "int memory memory",
  MPI_Abort: "handle int",
  MPI_Finalize: "",
} as const;
export type FunctionName = keyof typeof signatures;

/** Constants of the headers, which are part of each library's binary interface. */
const constants = {
  "Open MPI": { inPlace: 1n, commTypeShared: 0 },
  MPICH: { inPlace: 0xffff_ffff_ffff_ffffn, commTypeShared: 1 },
} as const;
export const commTypeShared = (library: MpiLibrary): number => constants[library.kind].commTypeShared;

/** Symbols that mpi.h of Open MPI stands for by these names, and the numbers of MPICH's, which are Fortran's, too. */
const handles = {
  world: ["ompi_mpi_comm_world", 0x44000000],
  byte: ["ompi_mpi_byte", 0x4c00010d],
  int: ["ompi_mpi_int", 0x4c000405],
  float: ["ompi_mpi_float", 0x4c00040a],
  double: ["ompi_mpi_double", 0x4c00080b],
  sum: ["ompi_mpi_op_sum", 0x58000003],
  xor: ["ompi_mpi_op_bxor", 0x5800000a],
  noInfo: ["ompi_mpi_info_null", 0x1c000000],
  errorsReturn: ["ompi_mpi_errors_return", 0x54000001],
} as const;

/** Looks at a call that does not block, before others of this process have their turn. */
const looksInARow = 100;
/** A process that waits for longer lets go of its core in between. */
const impatientMs = 3;
const maxStringBytes = 8192;
/** MPI runs on the stack that koffi makes for a call aside; its 128 kB are little for plugins of networks. */
const stackBytes = 8 << 20;

/** File names of the library; linkers find each only where it is installed. */
const openMpiFiles = ["libmpi.so.40", "libmpi.so.20"];
const mpichFiles = ["libmpich.so.12", "libmpi.so.12"];
const packages: Record<Kind, string> = {
  "Open MPI": "Open MPI (Debian: openmpi-bin)",
  MPICH: "MPICH (Debian: mpich)",
};

/**
 * Settings of the libraries, unless the user has made them; read when they are loaded and initialised.
 * Open MPI: a process that waits lets others have its core. UCX (networks of both): it neither replaces malloc of the
 * program (MPICH's UCX 1.13 did, and Node crashed in V8 now and then) nor takes the signals of crashes for itself.
 */
const settings = {
  OMPI_MCA_mpi_yield_when_idle: "1",
  UCX_MEM_MMAP_HOOK_MODE: "none",
  UCX_MEM_MALLOC_HOOKS: "n",
  UCX_MEM_MALLOC_RELOC: "n",
  UCX_ERROR_SIGNALS: "",
};

/** @throws InputError if there is no library, or none for the launcher */
export async function loadMpiLibrary(launch: Launch, environment = process.env): Promise<MpiLibrary> {
  const koffi = await importKoffi();
  for (const [name, value] of Object.entries(settings)) environment[name] ??= value;
  const { file, kind, version } = findLibrary(koffi, launch, environment.CRYOGAN_MPI_LIBRARY);
  const library = koffi.load(file, { global: true }); // plugins of Open MPI look for its symbols among all
  keepLoaded(koffi, file);
  return bind(library, kind, version);
}

/** Where systems have `dlopen`: newer ones of Linux, older ones, macOS. */
const loaders = ["libc.so.6", "libdl.so.2", "libSystem.B.dylib"];
const resolveLater = 1; // RTLD_LAZY

/**
 * Takes hold of the library once more, by what koffi does not let go of when Node ends: threads that have called it
 * still go through it as they end, which was a crash where Open MPI had sent over TCP.
 */
function keepLoaded(koffi: Koffi, file: string): void {
  for (const loader of loaders)
    try {
      const open = koffi.load(loader).func("dlopen", "void *", ["str", "int"]);
      if (open(file, resolveLater) !== null) return;
    } catch {
      // another system
    }
}

async function importKoffi(): Promise<Koffi> {
  try {
    const koffi = (await import("koffi")).default as unknown as Koffi;
    koffi.config({ async_stack_size: stackBytes });
    return koffi;
  } catch (error) {
    throw new InputError(
      `several processes need the npm package koffi, which is not installed or not made for this machine: ` +
        `npm install koffi (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

function findLibrary(koffi: Koffi, launch: Launch, named: string | undefined) {
  const [first, second] = launch.kind === "MPICH" ? [mpichFiles, openMpiFiles] : [openMpiFiles, mpichFiles];
  const files = named ? [named] : [...first, ...second, "libmpi.so"];
  const install = launch.kind ? packages[launch.kind] : `${packages["Open MPI"]} or ${packages.MPICH}`;
  const found: string[] = [];
  let problem = "";
  for (const file of files) {
    const version = versionOf(koffi, file, (why) => (problem = why));
    if (version === undefined) continue;
    const kind = kindOf(version);
    if (kind !== undefined && (launch.kind === undefined || kind === launch.kind)) return { file, kind, version };
    found.push(`${firstLine(version)} (${file})`);
  }
  if (found.length > 0) {
    const started = launch.kind ? `${launch.kind}'s launcher started this process, ` : "";
    throw new InputError(
      `${started}but the MPI library found is ${found.join(", ")}; ` +
        `install ${install}, name its library in CRYOGAN_MPI_LIBRARY, or start with the launcher of the library found`,
    );
  }
  throw new InputError(
    named
      ? `CRYOGAN_MPI_LIBRARY names no library that can be loaded: ${problem}`
      : `no MPI library found (${files.join(", ")}); install ${install}, or name its library in CRYOGAN_MPI_LIBRARY`,
  );
}

/** What was loaded to look at it. None is unloaded: libraries of this size leave threads and hooks behind. */
const looked: LibraryHandle[] = [];

/** Loaded for itself alone at first, so that no symbols of two libraries meet. */
function versionOf(koffi: Koffi, file: string, tell: (problem: string) => void): string | undefined {
  try {
    const library = koffi.load(file);
    looked.push(library);
    const text = new Uint8Array(maxStringBytes);
    const length = new Int32Array(1);
    library.func("MPI_Get_library_version", "int", ["void *", "void *"])(text, length);
    return new TextDecoder().decode(text.subarray(0, length[0])).replace(/\0.*$/s, "");
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Intel MPI, MVAPICH and Cray's library have the binary interface of MPICH. */
export function kindOf(version: string): Kind | undefined {
  if (/\bOpen MPI\b/.test(version)) return "Open MPI";
  return /\bMPICH\b|\bIntel\(R\) MPI\b|\bMVAPICH/.test(version) ? "MPICH" : undefined;
}

export const firstLine = (version: string): string =>
  version.split(/[\n,]/, 1)[0]!.replace(/\s+/g, " ").replace(/ ?: ?/, " ").trim();

function bind(library: LibraryHandle, kind: Kind, version: string): MpiLibrary {
  const isOpenMpi = kind === "Open MPI";
  const types = { handle: isOpenMpi ? "void *" : "int", memory: "void *", int: "int" } as const;
  const functions = Object.fromEntries(
    Object.entries(signatures).map(([name, signature]) => {
      const words = signature.split(" ").filter((word): word is keyof typeof types => word !== "");
      return [
        name,
        library.func(
          name,
          "int",
          words.map((word) => types[word]),
        ) as unknown as MpiFunction,
      ];
    }),
  ) as Record<FunctionName, MpiFunction>;
  const named = Object.fromEntries(
    Object.entries(handles).map(([name, [symbol, number]]) => [
      name,
      isOpenMpi ? (library.symbol(symbol) as bigint) : number,
    ]),
  ) as Record<keyof typeof handles, Handle>;

  const check = (name: FunctionName, code: number): void => {
    if (code === 0) return;
    const text = new Uint8Array(maxStringBytes);
    const length = new Int32Array(1);
    functions.MPI_Error_string(code, text, length);
    throw new Error(`${name}: ${new TextDecoder().decode(text.subarray(0, length[0]))}`);
  };
  const call: MpiLibrary["call"] = (name, ...values) => check(name, functions[name](...values)),
    handleOut: MpiLibrary["handleOut"] = () => {
      const memory = isOpenMpi ? new BigUint64Array(1) : new Int32Array(1);
      return { memory, handle: () => memory[0]! };
    },
    ended = new Int32Array(1),
    status = new Uint8Array(64); // MPI_Status, larger than any
  return {
    ...named,
    kind,
    version,
    inPlace: constants[kind].inPlace,
    call,
    handleOut,
    async callAndPoll(name, ...values) {
      const { memory: request } = handleOut();
      call(name, ...values, request);
      for (const begun = performance.now(); ; ) {
        for (let look = 0; look < looksInARow; look++) {
          call("MPI_Test", request, ended, status);
          // `values` are named here, so that nothing collects their memory before.
          if (ended[0] !== 0) return void values.length;
        }
        await (performance.now() - begun > impatientMs ? sleep(1) : nextTurn());
      }
    },
    callAside: (name, ...values) =>
      new Promise((resolve, reject) => {
        functions[name].async(...values, (error: unknown, code: number) => {
          try {
            // `values` are named here, so that nothing collects their memory before.
            if (error) throw new Error(`${name} with ${values.length} arguments: ${String(error)}`);
            resolve(check(name, code));
          } catch (failure) {
            reject(failure as Error);
          }
        });
      }),
  };
}
