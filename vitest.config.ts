import { defineConfig } from "vitest/config";

// No time limit may fail a test: machines are shared and noisy.
export default defineConfig({
  test: { include: ["test/**/*.test.ts"], testTimeout: 0, hookTimeout: 0, pool: "forks", maxWorkers: 2 },
});
