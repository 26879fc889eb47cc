import { disk } from "../../io/disk.ts";
import { nodeRuntime } from "../../runtime/onnxRuntimeNode.ts";
import { alone } from "../../runtime/processes.ts";
import { claimFolder } from "../folder/runProcess.ts";
import type { Host } from "./host.ts";

export const nodeHost: Host = { files: disk, runtime: nodeRuntime, processes: alone, claim: claimFolder };
