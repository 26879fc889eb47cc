#!/usr/bin/env node
/**
 * The program: the command line, with the report and the live page put into its hands. Each is loaded when it is
 * needed.
 */
import { runCommandLine } from "./cli/program.ts";

await runCommandLine({
  writeReport: async (folder) => (await import("./report/report.ts")).writeReport(folder),
  serve: async (options) => (await import("./web/server/serve.ts")).serve(options),
  serveDuring: async (folder, task) => (await import("./web/server/serve.ts")).serveDuring(folder, task),
});
