/** Several processes over MPI, started as a user does, against loops; and how a process learns what it is part of. */
import { beforeAll, describe, expect, test } from "vitest";
import { joinJob } from "../../src/runtime/job.ts";
import { launched } from "../../src/runtime/launched.ts";
import { firstLine, kindOf } from "../../src/runtime/mpiLibrary.ts";
import { alone } from "../../src/runtime/processes.ts";
import { bundled } from "../bundled.ts";
import { installMpi, kinds, launch, told } from "./mpiLaunch.ts";

const program = bundled("test/runtime/mpiChild.ts"),
  child = (what: string): string[] => [program, what];

interface Groups {
  machine: number;
  machines: number;
  rank: number;
  size: number;
  /** Sum of the ranks on the machine, and of ones. */
  ranks: number;
  count: number;
}
interface Told {
  rank: number;
  size: number;
  sums: { error: number; hash: string; around: number[] }[];
  xor: boolean;
  broadcast: boolean;
  ordered: boolean;
  groups: Groups;
  failures: number;
}

describe("launched by", () => {
  test.each([
    ["nothing", {}, undefined],
    [
      "mpirun of Open MPI",
      { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_RANK: "3", PMIX_RANK: "3" },
      ["Open MPI", 3, 4],
    ],
    ["mpirun as the only process", { OMPI_COMM_WORLD_SIZE: "1", OMPI_COMM_WORLD_RANK: "0", PMIX_RANK: "0" }, undefined],
    ["mpirun of MPICH", { PMI_SIZE: "2", PMI_RANK: "0", MPI_LOCALNRANKS: "2" }, ["MPICH", 0, 2]],
    ["mpirun of MPICH as the only process", { PMI_SIZE: "1", PMI_RANK: "0", MPI_LOCALNRANKS: "1" }, undefined],
    ["srun --mpi=pmi2", { PMI_SIZE: "8", PMI_RANK: "5", SLURM_PROCID: "5" }, [undefined, 5, 8]],
    ["srun --mpi=pmix", { PMIX_RANK: "1", SLURM_PROCID: "1", SLURM_STEP_NUM_TASKS: "2" }, [undefined, 1, 2]],
    ["sbatch, without srun", { SLURM_NTASKS: "8", SLURM_PROCID: "0", SLURM_JOB_ID: "7" }, undefined],
    ["srun --mpi=none", { SLURM_NTASKS: "8", SLURM_PROCID: "3", SLURM_STEP_NUM_TASKS: "8" }, undefined],
  ] as const)("%s", (_, environment, expected) => {
    const [kind, rank, size] = expected ?? [];
    expect(launched(environment)).toEqual(expected && { kind, rank, size });
  });
});

test("libraries are told apart by their own words", () => {
  const openMpi = "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022";
  const mpich = "MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr  7 12:34:45 CDT 2022\n";
  expect([kindOf(openMpi), firstLine(openMpi)]).toEqual(["Open MPI", "Open MPI v4.1.4"]);
  expect([kindOf(mpich), firstLine(mpich)]).toEqual(["MPICH", "MPICH Version 4.0.2"]);
  expect(kindOf("Intel(R) MPI Library 2021.11 for Linux* OS")).toBe("MPICH");
  expect(kindOf("MVAPICH2 Version      :\t2.3.7")).toBe("MPICH");
  expect(kindOf("Some MPI 1.0")).toBeUndefined();
});

test("over TCP, as between machines, Open MPI's processes end in good order", async () => {
  installMpi();
  const environment = { OMPI_MCA_btl: "tcp,self", OMPI_MCA_pml: "ob1" },
    { code, stderr } = await launch("Open MPI", [{ processes: 2, program: child("all"), environment }]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("a process by itself is a job of one", async () => {
  const job = await joinJob(undefined);
  expect(job.processes).toBe(alone);
  expect([await job.close(false), await job.close(true)]).toEqual([0, 1]);
});

describe.each(kinds)("%s", (kind) => {
  beforeAll(installMpi);
  const other = kind === "MPICH" ? "libmpi.so.40" : "libmpich.so.12";

  test.each([1, 2, 3, 4])("%i processes: sums, exclusive or, broadcasts", async (processes) => {
    const ended = await launch(kind, [{ processes, program: child("all") }]),
      all = told<Told>(ended);
    expect(ended.code).toBe(0);
    expect(all.map(({ rank, size }) => [rank, size])).toEqual(
      Array.from({ length: processes }, (_, i) => [i, processes]),
    );
    for (const { sums, xor, broadcast, ordered, groups, failures } of all) {
      sums.forEach(({ error, hash, around }, i) => {
        expect(error).toBeLessThan((processes - 1 || 1) * (i % 2 === 0 ? 2 ** -23 : 2 ** -52));
        expect(around).toEqual([77, 77]);
        expect(hash).toBe(all[0]!.sums[i]!.hash); // the same bits everywhere
      });
      expect({ xor, broadcast, ordered, failures }).toEqual({ xor: true, broadcast: true, ordered: true, failures: 0 });
      expect(groups).toMatchObject({ machine: 0, machines: 1, size: processes, count: processes });
    }
    expect(all.map(({ groups }) => groups.rank)).toEqual(all.map(({ rank }) => rank));
  });

  test("machines are numbered by their lowest ranks", async () => {
    const groups = ["b", "a", "b", "b"].map((name) => ({
      processes: 1,
      program: child("groups"),
      environment: { CRYOGAN_MACHINE: name },
    }));
    const all = told<Told>(await launch(kind, groups)).map(({ groups }) => groups);
    const onB = { machine: 0, machines: 2, size: 3, ranks: 0 + 2 + 3, count: 3 };
    expect(all).toEqual([
      { ...onB, rank: 0 },
      { machine: 1, machines: 2, rank: 0, size: 1, ranks: 1, count: 1 },
      { ...onB, rank: 1 },
      { ...onB, rank: 2 },
    ]);
  });

  test("an error of the library is told in its words, and work goes on", async () => {
    const all = told<{ rank: number; message: string; failures: number }>(
      await launch(kind, [{ processes: 2, program: child("error") }]),
    );
    for (const { message, failures } of all) {
      expect(message).toMatch(/^MPI_Ibcast: .*invalid root/i);
      expect(failures).toBe(0);
    }
  });

  test("at the end all know how many failed", async () => {
    const failures = async (what: string) =>
      told<Told>(await launch(kind, [{ processes: 2, program: child(what) }])).map(({ failures }) => failures);
    expect(await failures("fail together")).toEqual([2, 2]);
    expect(await failures("fail at the end")).toEqual([1, 1]);
  });

  const problem = async (library: string) => {
    const environment = { CRYOGAN_MPI_LIBRARY: library };
    const { stderr, code } = await launch(kind, [{ processes: 2, program: child("groups"), environment }]);
    expect(code).not.toBe(0);
    return stderr;
  };

  test("the other's library is refused", async () => {
    expect(await problem(other)).toMatch(
      new RegExp(
        `InputError: ${kind}'s launcher started this process, but the MPI library found is .*${other}.; install`,
      ),
    );
  });

  test("a library that is not there, or is none of MPI", async () => {
    expect(await problem("libmpi.so.77")).toContain(
      "InputError: CRYOGAN_MPI_LIBRARY names no library that can be loaded",
    );
    expect(await problem("libm.so.6")).toContain("InputError: CRYOGAN_MPI_LIBRARY names no library that can be loaded");
  });

  test("a launcher of more processes than the library knows of is told", async () => {
    // As if Slurm had started two, whom the library takes for one each.
    const { stderr } = await launch(kind, [{ processes: 1, program: child("claim two") }]);
    expect(stderr).toMatch(/InputError: the launcher started 2 processes, but .* knows of 1; start with the launcher/);
  });
});
