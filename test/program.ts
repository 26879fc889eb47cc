/** The program as tests start it by Node alone: compile.ts has put it there. */
import { fileURLToPath } from "node:url";

export const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
