import { disk } from "../../io/disk.ts";
import { nodeRuntime } from "../../runtime/onnxRuntimeNode.ts";
import { claimFolder } from "../folder/runProcess.ts";
import type { Host } from "./host.ts";

export const nodeHost: Host = { files: disk, runtime: nodeRuntime, claim: claimFolder };
