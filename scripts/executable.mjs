// After a build: the command must be executable where npm links it without installing (npm link, npx in the checkout).
import { chmodSync } from "node:fs";

chmodSync(new URL("../dist/main.js", import.meta.url), 0o755);
