/** What the page and its worker tell each other. */
import type { RunEvent } from "../../reconstruct/folder/events.ts";
import type { Engine } from "./engine.ts";

/** A call of the engine. */
export type Request = {
  [Name in keyof Engine]: { call: number; name: Name; args: Parameters<Engine[Name]> };
}[keyof Engine];

export type Message =
  | { type: "result"; call: number; value: unknown }
  /** `fields` of a FormError. */
  | { type: "error"; call: number; message: string; fields?: Record<string, string> }
  | { type: "changed" }
  | { type: "anew"; id: string }
  | { type: "event"; id: string; event: RunEvent };
