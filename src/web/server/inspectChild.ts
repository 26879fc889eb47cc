/** A process that looks at the particles of a form, which it reads, and tells of them in JSON, or "error: …". */
import { text } from "node:stream/consumers";
import { InputError } from "../../base/errors.ts";
import { oneLine } from "../../base/printable.ts";
import { disk } from "../../io/disk.ts";
import { inspectParticles } from "../../reconstruct/run/inspection.ts";
import { nodeCpu } from "../../runtime/onnxRuntimeNode.ts";
import { readingOptions } from "../live/readingOptions.ts";
import type { RunForm } from "../live/runForm.ts";

try {
  const options = readingOptions(JSON.parse(await text(process.stdin)) as RunForm);
  process.stdout.write(JSON.stringify(await inspectParticles(disk, options, async () => nodeCpu())));
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`error: ${oneLine(error.message)}\n`);
  process.exitCode = 1;
}
