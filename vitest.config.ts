import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take a minute and more: first, so that none of them is left to a worker when the other has nothing. */
const long = [
  "web/e2e/page",
  "slurm/run", // waits more than it computes: not beside the other that has a browser
  "reconstruct/run/classes",
  "web/browser/run",
  "reconstruct/run/run",
  "reconstruct/run/cryogan",
  "bench/pytorchTrain",
  "cli/outputs",
  "package",
  "runtime/mpi",
  "reconstruct/run/motion",
  "reconstruct/run/processes",
  "cli/failures",
  "cli/job",
  "cli/cases",
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = long.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return at < 0 ? long.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

// No time limit may fail a test: machines are shared and noisy.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/compile.ts",
    testTimeout: 0,
    hookTimeout: 0,
    pool: "forks",
    maxWorkers: 3, // of two cores a fifth is idle by two: tests wait for browsers, schedulers and files
    // A process of its own for each of 200 files would read and compile the same modules 200 times: a third of the time.
    isolate: false,
    sequence: { sequencer: LongFirst },
  },
});
