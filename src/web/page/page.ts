/**
 * The state of the page: where runs come from, which there are, and what the address says to show. Components read the
 * signals and write `address`.
 */
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { RunSummary } from "../live/source.ts";
import { type Address, formatAddress, parseAddress } from "./address.ts";
import type { Chosen } from "./chooseSource.ts";
import { shortNames } from "./run/names.ts";

export interface Page extends Chosen {
  /** Running ones first, then by the time of their last change; absent until the list has come. */
  runs: ReadonlySignal<RunSummary[] | undefined>;
  address: Signal<Address>;
  /** The run shown: the one of the address, else a running one, or the one that changed last. */
  selected: ReadonlySignal<RunSummary | undefined>;
  /** Text for screen readers, spoken when it changes. */
  announcement: Signal<string>;
  /** What went wrong last, for the banner; "" for nothing. */
  problem: Signal<string>;
  /** Events cannot arrive at the moment. */
  disconnected: Signal<boolean>;
}

/** What the address asks for; a map does not spin by itself for those who asked their system for less motion. */
function asOpened(): Address {
  const asked = parseAddress(location.hash);
  return { ...asked, spin: asked.spin && !matchMedia("(prefers-reduced-motion: reduce)").matches };
}

const newestFirst = (list: readonly RunSummary[]) =>
  [...list].sort(
    (a, b) =>
      Number(b.state === "running") - Number(a.state === "running") || (b.changed ?? "").localeCompare(a.changed ?? ""),
  );

/** What to call a run: short, unlike the others. */
export function nameOf({ runs }: Page, run: RunSummary): string {
  const list = runs.value ?? [];
  return shortNames(list.map(({ name }) => name))[list.findIndex(({ id }) => id === run.id)] ?? run.name;
}

export function createPage(chosen: Chosen): Page {
  const { source } = chosen;
  const runs = signal<RunSummary[] | undefined>(undefined);
  const address = signal(asOpened());
  const problem = signal("");
  effect(() =>
    history.replaceState(null, "", formatAddress(address.value) || `${location.pathname}${location.search}`),
  );
  addEventListener("hashchange", () => {
    address.value = asOpened();
  });
  const refresh = () =>
    void source.list().then(
      (list) => {
        runs.value = newestFirst(list);
      },
      (error: Error) => {
        problem.value = error.message;
      },
    );
  refresh();
  source.watch(refresh);
  return {
    ...chosen,
    runs,
    address,
    problem,
    announcement: signal(""),
    disconnected: signal(false),
    selected: computed(() => {
      const list = runs.value ?? [];
      return list.find(({ id }) => id === address.value.run) ?? list[0];
    }),
  };
}

/** Change some of what the page shows. A value of `undefined` takes the entry away. */
export function go(page: Page, change: { [K in keyof Address]?: Address[K] | undefined }): void {
  const next = { ...page.address.value, ...change };
  page.address.value = Object.fromEntries(
    Object.entries(next).filter(([, value]) => value !== undefined),
  ) as unknown as Address;
}
