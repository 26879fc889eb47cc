/**
 * Server-sent events by fetch, in browsers and in Node: with a reconnection that survives a server restart and a
 * sleeping laptop.
 */

export interface StreamMessage {
  event: string;
  data: string;
  /** Id of this message or of one before. */
  lastId: string;
}

/**
 * Cuts a stream into messages (HTML standard, section 9.2.6, "Interpreting an event stream"). Messages without data are
 * told too, as long as they have a name.
 * @returns takes the next piece of text
 */
export function createParser(onMessage: (message: StreamMessage) => void): (text: string) => void {
  let rest = "",
    event = "",
    lastId = "";
  let data: string[] = [];
  const takeLine = (line: string): void => {
    if (line === "") {
      if (data.length > 0 || event !== "") onMessage({ event: event || "message", data: data.join("\n"), lastId });
      [event, data] = ["", []];
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon),
      value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") event = value;
    else if (name === "data") data.push(value);
    else if (name === "id") lastId = value;
  };
  return (text) => {
    // A carriage return at the very end may be the first half of a line end.
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    lines.forEach(takeLine);
  };
}

export interface StreamSettings {
  headers?: Record<string, string>;
  onMessage(message: StreamMessage): void;
  /** Told when a connection stands and when it is lost. */
  onConnection(connected: boolean): void;
}

const firstWaitMs = 250,
  longestWaitMs = 10_000;
/** The server sends a comment every 15 seconds. */
const silentMs = 40_000,
  suspectMs = 20_000;

/**
 * Reads a stream of events for ever, going on behind the last message after each break. Tries again at once when the
 * network comes back or the page is looked at; a hidden page lets go of its connection, as a browser has but six to a
 * server for all of its pages.
 * @returns a function that ends it
 */
export function followStream(url: string, { headers = {}, onMessage, onConnection }: StreamSettings): () => void {
  let ended = false,
    connected: boolean | undefined,
    lastId = "",
    heard = 0,
    waitMs = firstWaitMs;
  let connection = new AbortController(),
    wake = (): void => {};
  const tell = (now: boolean): void => {
    if (now === connected || ended) return;
    connected = now;
    onConnection(now);
  };

  const connect = async (): Promise<void> => {
    connection = new AbortController();
    const { signal } = connection;
    heard = Date.now();
    const guard = setInterval(() => Date.now() - heard > silentMs && connection.abort(), 5000);
    try {
      const response = await fetch(url, {
        headers: { ...headers, Accept: "text/event-stream", ...(lastId && { "Last-Event-ID": lastId }) },
        cache: "no-store",
        signal,
      });
      if (!response.ok || !response.body) throw new Error(`${url}: ${response.status}`);
      const decoder = new TextDecoder(),
        reader = response.body.getReader();
      const take = createParser((message) => {
        if (ended || signal.aborted) return;
        ({ lastId } = message);
        onMessage(message);
      });
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        heard = Date.now();
        waitMs = firstWaitMs;
        tell(true);
        take(decoder.decode(part.value, { stream: true }));
      }
    } finally {
      clearInterval(guard);
      connection.abort();
    }
  };

  const page = pageEvents(() => {
    if (page.hidden()) return connection.abort();
    if (!connected || Date.now() - heard > suspectMs) connection.abort();
    waitMs = firstWaitMs;
    wake();
  });
  void (async () => {
    while (!ended) {
      if (!page.hidden()) await connect().catch(() => undefined);
      if (ended) break;
      if (!page.hidden()) tell(false); // else nobody looks
      // A little chance, so that the pages of many do not come back all at once.
      await new Promise<void>((resolve) => {
        const timer = page.hidden() ? undefined : setTimeout(resolve, waitMs * (0.75 + 0.5 * Math.random()));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      waitMs = Math.min(longestWaitMs, 2 * waitMs);
    }
  })();
  return () => {
    ended = true;
    page.stop();
    connection.abort();
    wake();
  };
}

type Target = {
  addEventListener?(name: string, listener: () => void): void;
  removeEventListener?(name: string, listener: () => void): void;
};

/** What a browser tells of network and page; nothing in Node. */
function pageEvents(onChange: () => void): { hidden(): boolean; stop(): void } {
  const { document } = globalThis as { document?: Target & { hidden: boolean } };
  const sources: [Target | undefined, string][] = [
    [globalThis as Target, "online"],
    [globalThis as Target, "pageshow"],
    [document, "visibilitychange"],
  ];
  for (const [target, name] of sources) target?.addEventListener?.(name, onChange);
  return {
    hidden: () => document?.hidden ?? false,
    stop: () => sources.forEach(([target, name]) => target?.removeEventListener?.(name, onChange)),
  };
}
