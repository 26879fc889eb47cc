import type { BrowserSource } from "../live/browserSource.ts";
import { httpSource } from "../live/httpSource.ts";
import type { RunSource } from "../live/source.ts";

export interface Chosen {
  source: RunSource;
  /** The same, where runs are computed in the browser itself: it takes files. */
  local?: BrowserSource;
}

/** A `cryogan serve` if one answers beside the page, else the browser's own engine. */
export async function chooseSource(): Promise<Chosen> {
  const token = takeToken();
  const served = await httpSource(new URL(".", location.href).href, token).catch(() => undefined);
  if (served) return { source: served };
  const { browserSource } = await import("../live/browserSource.ts");
  const local = browserSource();
  return { source: local, local };
}

/** The token that came behind the # of the address: kept for this tab, and taken out of sight. */
function takeToken(): string | undefined {
  const hash = new URLSearchParams(location.hash.slice(1));
  const token = hash.get("token");
  if (token !== null) {
    sessionStorage.setItem("cryogan-token", token);
    hash.delete("token");
    history.replaceState(null, "", `${location.pathname}${location.search}${hash.size > 0 ? `#${hash}` : ""}`);
  }
  return sessionStorage.getItem("cryogan-token") ?? undefined;
}
