import { lazy, Suspense } from "preact/compat";
import type { RunEvent } from "../../reconstruct/folder/events.ts";
import { type Tab, tabs } from "./address.ts";
import { Curves } from "./charts/Curves.tsx";
import { CurvesOfBoth } from "./charts/CurvesOfBoth.tsx";
import { Classes } from "./classes/Classes.tsx";
import { Both } from "./compare/Both.tsx";
import { Configurations } from "./compare/Configurations.tsx";
import { Empty } from "./Empty.tsx";
import { Particles } from "./images/Particles.tsx";
import { LocalFiles } from "./local/LocalFiles.tsx";
import { MapPanel } from "./map/MapPanel.tsx";
import { Motion } from "./motion/Motion.tsx";
import { go, type Page } from "./page.ts";
import { Results } from "./results/Results.tsx";
import { Configuration } from "./run/Configuration.tsx";
import { useEvents } from "./run/files.ts";
import { Log } from "./run/Log.tsx";
import { RunHeader } from "./run/RunHeader.tsx";
import { RunList } from "./run/RunList.tsx";
import { hasClasses, hasMotion } from "./run/words.ts";
import { theme, themes } from "./theme.ts";
import { Directions } from "./views/Directions.tsx";

const RunForm = lazy(() => import("./form/RunForm.tsx").then((module) => ({ default: module.RunForm })));

export function App({ page }: { page: Page }) {
  const { form, clone } = page.address.value;
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: a skip link; the address itself holds what the page shows */}
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the run
      </a>
      <header class="bar">
        <h1>cryogan</h1>
        {page.source.may.start && (
          <button
            type="button"
            class="primary"
            aria-pressed={form}
            onClick={() => go(page, { form: !form, clone: undefined })}
          >
            New run
          </button>
        )}
        <label class="theme">
          Theme{" "}
          <select
            value={theme.value}
            onChange={(event) => {
              theme.value = event.currentTarget.value as typeof theme.value;
            }}
          >
            {themes.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </header>
      <div class="banner" role="status">
        {page.disconnected.value && <p>Connection lost, trying again…</p>}
        {page.problem.value && (
          <p>
            {page.problem.value}{" "}
            <button
              type="button"
              onClick={() => {
                page.problem.value = "";
              }}
            >
              Close
            </button>
          </p>
        )}
      </div>
      <p class="visually-hidden" aria-live="polite">
        {page.announcement.value}
      </p>
      <div class="layout">
        <nav aria-label="Runs">
          <h2>Runs</h2>
          <RunList page={page} />
        </nav>
        <main id="main" tabIndex={-1}>
          {form ? (
            <Suspense fallback={<p class="note">Loading the form…</p>}>
              <RunForm key={clone} page={page} />
            </Suspense>
          ) : (
            <SelectedRun page={page} />
          )}
        </main>
      </div>
    </>
  );
}

const tabNames: Record<Tab, string> = {
  curves: "Curves",
  particles: "Particles",
  views: "Views",
  classes: "Classes",
  motion: "Motion",
  results: "Results",
  configuration: "Configuration",
  log: "Log",
};

function SelectedRun({ page }: { page: Page }) {
  const run = page.selected.value;
  const { tab, compare } = page.address.value;
  const otherRun = page.runs.value?.find(({ id }) => id === compare && id !== run?.id);
  const events = useEvents(page, run?.id);
  const otherEvents = useEvents(page, otherRun?.id);
  if (!page.runs.value) return null;
  if (!run && page.local) return <LocalFiles page={page} local={page.local} />;
  if (!run) {
    return (
      <Empty>
        No runs yet. {page.source.may.start ? "Start one with the button New run, or" : "Start one"} on the command
        line: <code>cryogan reconstruct particles.star --out run</code>
      </Empty>
    );
  }
  const other = otherRun && { run: otherRun, events: otherEvents };
  const shown = { page, run, events };
  const both = { page, runs: [{ run, events }, ...(other ? [other] : [])] };
  return (
    <>
      <RunHeader key={run.id} {...shown} />
      <div class={`work${other ? " comparing" : ""}`}>
        <MapPanel {...shown} other={other} />
        <section class="details" aria-label="Details">
          <Tabs page={page} offered={offeredTabs(page, [...events, ...otherEvents], tab)} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: as the ARIA practices have it */}
          <div class="tab" role="tabpanel" id="panel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
            {tab === "curves" &&
              (other ? <CurvesOfBoth page={page} first={both.runs[0]!} second={other} /> : <Curves {...shown} />)}
            {tab === "particles" && <Both {...both}>{(one) => <Particles page={page} {...one} />}</Both>}
            {tab === "views" && <Both {...both}>{(one) => <Directions page={page} {...one} />}</Both>}
            {tab === "classes" && <Both {...both}>{(one) => <Classes page={page} {...one} />}</Both>}
            {tab === "motion" && <Both {...both}>{(one) => <Motion key={one.run.id} page={page} {...one} />}</Both>}
            {tab === "results" && <Results key={run.id} page={page} id={run.id} />}
            {tab === "configuration" &&
              (other ? (
                <Configurations page={page} first={both.runs[0]!} second={other} />
              ) : (
                <Configuration {...shown} />
              ))}
            {tab === "log" && <Both {...both}>{(one) => <Log events={one.events} />}</Both>}
          </div>
        </section>
      </div>
    </>
  );
}

/** Those of classes, of motion and of results where there are any, or where the address asks for one. */
const offeredTabs = ({ source }: Page, events: readonly RunEvent[], asked: Tab): Tab[] => {
  const has: { [K in Tab]?: (events: readonly RunEvent[]) => boolean } = {
    classes: hasClasses,
    motion: hasMotion,
    results: () => source.tasks !== undefined,
  };
  return tabs.filter((tab) => tab === asked || (has[tab]?.(events) ?? true));
};

/** Arrow keys go from tab to tab, as the ARIA practices have it. */
function Tabs({ page, offered }: { page: Page; offered: readonly Tab[] }) {
  const { tab } = page.address.value;
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = offered[(offered.indexOf(tab) + step + offered.length) % offered.length]!;
    go(page, { tab: next });
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" onKeyDown={onKeyDown}>
      {offered.map((name) => (
        <button
          type="button"
          key={name}
          id={`tab-${name}`}
          role="tab"
          aria-selected={name === tab}
          aria-controls="panel"
          tabIndex={name === tab ? 0 : -1}
          onClick={() => go(page, { tab: name })}
        >
          {tabNames[name]}
        </button>
      ))}
    </div>
  );
}
