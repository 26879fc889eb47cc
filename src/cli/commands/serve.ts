import type { Command } from "commander";
import { serveDefaults } from "../../base/serveOptions.ts";
import type { Services } from "../services.ts";

export function addServeCommand(program: Command, services: Services): void {
  program
    .command("serve")
    .summary("show runs in a browser while they go on")
    .description(
      "Serve a page that shows runs as they go: map, particles, curves, configuration, log. " +
        "With the token in the address that is printed, " +
        "runs can be started, stopped and resumed from it.",
    )
    .argument(
      "<run-folders...>",
      "run folders, or folders whose sub-folders are run folders; new ones appear by themselves",
    )
    .option("--port <number>", `port (default: ${serveDefaults.port}, or the next that is free)`)
    .option(
      "--host <name>",
      "address to listen at; anything but the default lets others on the network read the runs",
      serveDefaults.host,
    )
    .option(
      "--token-file <path>",
      "file that holds the token that writing needs, for its owner alone; made if it is not there " +
        "(default: a token of this server, made at random)",
    )
    .option("--read-only", "the page only shows runs: nothing is started, stopped or written")
    .option("--runs <folder>", "where runs go that are started from the page (default: beside the first run)")
    .option(
      "--data <folders...>",
      "folders whose particle files, masks and maps the page may choose from and look at, beside that of the runs " +
        "(default: the folder that the server is started in)",
    )
    .option("--open", "open the page in the browser")
    .option("--json", "print the address as JSON")
    .addHelpText(
      "after",
      `
Ctrl-C ends the server; runs that were started from the page go on.

Examples:
  $ cryogan serve run
  $ cryogan serve runs --open
  $ cryogan serve runs --data /data/P7 /data/relion
  $ ssh -L 8765:localhost:8765 cluster cryogan serve --port 8765 /data/runs
`,
    )
    .action(async (folders: string[], values: Record<string, unknown>) => {
      const { parseServeOptions } = await import("../options/serve.ts");
      const options = parseServeOptions({ ...values, folders });
      await services.serve(options);
    });
}
