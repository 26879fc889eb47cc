import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Installs RELION from Debian, where it is not there yet. */
export function installRelion(): void {
  execFileSync("bash", [fileURLToPath(new URL("../scripts/install-relion.sh", import.meta.url))], { stdio: "inherit" });
}
