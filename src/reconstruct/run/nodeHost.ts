import { existsSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { shellCommand } from "../../base/shellCommand.ts";
import { thisCommand } from "../../base/thisCommand.ts";
import { version } from "../../base/version.ts";
import { disk } from "../../io/disk.ts";
import { nodeRuntime } from "../../runtime/onnxRuntimeNode.ts";
import { alone } from "../../runtime/processes.ts";
import { claimFolder } from "../folder/runProcess.ts";
import type { Host } from "./host.ts";
import { openThread } from "./thread.ts";

/**
 * The command line of this process: as typed where it is that of this program, else that of the script, whose name need
 * not be a file's (`node script` for script.js, `node -e`).
 */
function command(): string {
  const [, script = "", ...rest] = process.argv,
    ours = existsSync(script) && realpathSync(script) === thisCommand().at(-1);
  return shellCommand(ours ? ["cryogan", ...rest] : ["node", ...process.argv.slice(1)]);
}

export const nodeHost: Host = {
  files: disk,
  runtime: nodeRuntime,
  processes: alone,
  claim: claimFolder,
  origin: { version, machine: hostname(), command: command() },
  openThread,
};
