/**
 * Zod tries whether it may make functions from text, which the page's content security policy forbids. To be imported
 * before any schema.
 */
import { config } from "zod";

config({ jitless: true });
