import { interruptible } from "../../base/interrupt.ts";
import { exportToCryosparc } from "../export/cryosparc.ts";
import { takeRun } from "../export/exportedRun.ts";
import { exportToRelion } from "../export/relion.ts";
import { tell } from "../export/told.ts";
import type { ExportCommandOptions } from "../options/export.ts";

/**
 * Write the map of a run and its particles for another program. @throws InputError where the run lacks something, or
 * cannot be written
 */
export async function exportRun(options: ExportCommandOptions): Promise<void> {
  await interruptible(
    async (signal) => {
      const write = options.program === "relion" ? exportToRelion : exportToCryosparc;
      tell(await write(await takeRun(options), options, signal), options.json);
    },
    "stopped; the export is not complete",
    "stopping",
  );
}
