import { browserSource } from "../../../../src/web/live/browserSource.ts";

Object.assign(globalThis, { source: browserSource() });
