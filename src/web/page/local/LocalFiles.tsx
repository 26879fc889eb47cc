import { useState } from "preact/hooks";
import type { BrowserSource } from "../../live/browserSource.ts";
import { go, type Page } from "../page.ts";
import { localFiles } from "./files.ts";

/** Where the browser itself computes: particles are dropped here, or the demo is started. */
export function LocalFiles({ page, local }: { page: Page; local: BrowserSource }) {
  const [busy, setBusy] = useState("");
  const attempt = (what: string, work: () => Promise<void>) => {
    setBusy(what);
    work()
      .catch((error: Error) => {
        page.problem.value = error.message;
      })
      .finally(() => setBusy(""));
  };
  const take = (files: FileList | null | undefined) => {
    if (!files || files.length === 0) return;
    const list = [...files];
    attempt("Reading the list of files…", async () => {
      await local.add(list);
      localFiles.value = await local.files();
      go(page, { form: true });
    });
  };
  const demo = () =>
    attempt("Starting the demo…", async () => {
      go(page, { run: await local.demo(), form: false, compare: undefined });
    });
  const names = localFiles.value;
  return (
    <section
      class="drop"
      aria-label="Files of this machine"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        take(event.dataTransfer?.files);
      }}
    >
      <p>
        <strong>Reconstruct in this browser.</strong> Drop a STAR file and its image stacks here. They are read on this
        machine and sent nowhere.
      </p>
      <p class="actions">
        <label class="button">
          Choose files… <input type="file" multiple onChange={(event) => take(event.currentTarget.files)} />
        </label>
        <label class="button">
          Choose a folder…{" "}
          <input type="file" {...{ webkitdirectory: true }} onChange={(event) => take(event.currentTarget.files)} />
        </label>
        <button type="button" disabled={busy !== ""} onClick={demo}>
          Run the demo
        </button>
        {busy && (
          <span class="note" role="status">
            {busy}
          </span>
        )}
      </p>
      <p class="note">
        The demo simulates 3,000 images of a ribosome (70S, 32 px, signal-to-noise 0.2) on this machine, finds its
        structure from them blind, and lays the true map over what it found: a minute or two on two cores.
      </p>
      {names.length > 0 && (
        <p class="note">
          {names.length} {names.length === 1 ? "file" : "files"} on offer: {names.slice(0, 4).join(", ")}
          {names.length > 4 ? ", …" : ""}
        </p>
      )}
      {!crossOriginIsolated && (
        <p class="note">
          This page was served without cross-origin isolation: WebAssembly has one thread only, and is slow.
        </p>
      )}
    </section>
  );
}
