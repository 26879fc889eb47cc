/** Who may ask what: the page's own origin for anything, holders of the token for writing. */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";

const loopback = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Only WebAssembly and scripts of the page; isolated from other origins, which WebAssembly threads need. A route's own
 * header stands.
 */
export const headers: MiddlewareHandler = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
    workerSrc: ["'self'", "blob:"],
    imgSrc: ["'self'", "data:", "blob:"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    connectSrc: ["'self'", "blob:", "data:"],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
  crossOriginOpenerPolicy: "same-origin",
  crossOriginEmbedderPolicy: "require-corp",
  crossOriginResourcePolicy: "same-origin",
  xContentTypeOptions: "nosniff",
  referrerPolicy: "no-referrer",
  strictTransportSecurity: false,
  originAgentCluster: false,
  overwrite: false,
});

/**
 * Refuses requests under a name that is not this server's (a foreign site whose name was made to point here: DNS
 * rebinding) and requests that a page of another origin makes.
 * @param host the address listened at; at one that stands for all, plain numbers and the machine's name are taken too
 */
export function ownOriginOnly(host: string): MiddlewareHandler {
  const everywhere = host === "0.0.0.0" || host === "::";
  return async (c, next) => {
    const asked = c.req.header("Host") ?? "",
      name = asked.toLowerCase().replace(/:\d+$/, "");
    const bare = name.replace(/^\[(.*)\]$/, "$1");
    const ours =
      loopback.includes(name) ||
      bare === host.toLowerCase() ||
      (everywhere && (isIP(bare) !== 0 || bare === hostname().toLowerCase()));
    if (!ours) return c.text(`this server does not answer to the name ${name}; start it with --host ${name}`, 403);
    const origin = c.req.header("Origin");
    if (origin !== undefined && origin !== `http://${asked}`)
      return c.text("requests from other sites are refused", 403);
    // A link from elsewhere may lead here; nothing else of another site may.
    if (c.req.header("Sec-Fetch-Site") === "cross-site" && c.req.header("Sec-Fetch-Mode") !== "navigate")
      return c.text("requests from other sites are refused", 403);
    return next();
  };
}

/** Whether an Authorization header holds the token. Takes the same time wherever the two differ. */
export function holdsToken(header: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(header ?? ""), digest(`Bearer ${token}`));
}

/** Refuses writing without the token; all writing if there is none. */
export function tokenOnly(token: string | undefined): MiddlewareHandler {
  return async (c, next) => {
    if (token === undefined) return c.text("this server only shows runs; start it without --read-only", 403);
    if (!holdsToken(c.req.header("Authorization"), token))
      return c.text("the token is missing or wrong; open the address that cryogan serve printed", 401, {
        "WWW-Authenticate": "Bearer",
      });
    return next();
  };
}
