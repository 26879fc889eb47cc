import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { formatBytes, formatCount } from "../../../base/format.ts";
import { oneLine } from "../../../base/printable.ts";
import { type ChosenOption, chosenOptions, type DataSource, type Entry, type Listing } from "../../live/data.ts";

/** Where the last file was chosen. */
const lastFolder = signal<string | undefined>(undefined);

interface FileBrowserProps {
  data: DataSource;
  option: ChosenOption;
  title: string;
  /** What the field holds; its folder is shown first. */
  value: string;
  onChoose: (path: string) => void;
  onClose: () => void;
}

/** Files and folders of the machine that computes, one folder at a time. */
export function FileBrowser({ data, option, title, value, onChoose, onClose }: FileBrowserProps) {
  const dialog = useRef<HTMLDialogElement>(null),
    list = useRef<HTMLUListElement>(null);
  const [roots, setRoots] = useState<Entry[]>([]);
  const [listing, setListing] = useState<Listing>();
  const [match, setMatch] = useState("");
  const [problem, setProblem] = useState("");
  const asked = useRef(0);

  const show = async (path: string, part = ""): Promise<boolean> => {
    const number = ++asked.current;
    try {
      const found = await data.list(path, option, part);
      if (number === asked.current) {
        setListing(found);
        setProblem("");
      }
      return true;
    } catch (error) {
      if (number === asked.current) setProblem((error as Error).message);
      return false;
    }
  };
  const enter = (path: string) => {
    setMatch("");
    void show(path);
  };
  useEffect(() => {
    dialog.current!.showModal();
    const begin = async () => {
      const { folders } = await data.places();
      setRoots(folders);
      const first = [folderOf(value), lastFolder.value, folders.length === 1 ? folders[0]!.path : undefined];
      for (const path of first) if (path !== undefined && (await show(path))) return;
      setProblem("");
    };
    begin().catch((error: Error) => setProblem(error.message));
  }, []);
  // The keyboard goes on where it was, in the list or in the name that is typed, before another key can be pressed.
  useLayoutEffect(() => {
    if (document.activeElement?.id !== "file-match") (list.current!.querySelector("button") ?? list.current!).focus();
  }, [listing, roots]);

  const choose = (path: string) => {
    lastFolder.value = listing?.path;
    onChoose(path);
    dialog.current!.close();
  };
  const move = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement) return;
    const buttons = [...list.current!.querySelectorAll("button")],
      at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    const above = listing?.way.at(-2)?.path;
    if (to !== undefined) buttons[Math.max(0, Math.min(buttons.length - 1, to))]?.focus();
    else if (event.key === "Backspace" && above !== undefined) enter(above);
    else return;
    event.preventDefault();
  };
  const folders = listing?.folders ?? roots,
    files = listing?.files ?? [];
  return (
    <dialog ref={dialog} class="file-browser" aria-labelledby="file-browser-title" onClose={onClose} onKeyDown={move}>
      <h3 id="file-browser-title">Choose: {title}</h3>
      <nav aria-label="Folder">
        <ol>
          {listing && roots.length > 1 && (
            <li>
              <button type="button" onClick={() => setListing(undefined)}>
                Folders
              </button>
            </li>
          )}
          {listing?.way.map(({ name, path }, i) => (
            <li key={path}>
              {i === listing.way.length - 1 ? (
                <span aria-current="true">{oneLine(name)}</span>
              ) : (
                <button type="button" onClick={() => enter(path)}>
                  {oneLine(name)}
                </button>
              )}
            </li>
          ))}
        </ol>
      </nav>
      {listing && (
        <label class="match">
          Names with{" "}
          <input
            id="file-match"
            type="text"
            value={match}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => {
              setMatch(event.currentTarget.value);
              void show(listing.path, event.currentTarget.value);
            }}
          />
        </label>
      )}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <ul ref={list} class="entries" aria-label="Folders and files" tabIndex={-1}>
        {folders.map(({ name, path }) => (
          <li key={path}>
            <button type="button" class="folder" onClick={() => enter(path)}>
              {oneLine(name)}/
            </button>
          </li>
        ))}
        {files.map(({ name, path, bytes }) => (
          <li key={path}>
            <button type="button" onClick={() => choose(path)}>
              {oneLine(name)} <span class="note">{formatBytes(bytes)}</span>
            </button>
          </li>
        ))}
      </ul>
      <p class="note" role="status">
        {told(folders.length, files.length, listing?.leftOut ?? 0)}
      </p>
      <div class="actions">
        {listing && chosenOptions[option] === "folder" && (
          <button type="button" class="primary" onClick={() => choose(listing.path)}>
            Choose this folder
          </button>
        )}
        <button type="button" onClick={() => dialog.current!.close()}>
          Cancel
        </button>
      </div>
    </dialog>
  );
}

const count = (n: number, what: string): string => `${formatCount(n)} ${what}${n === 1 ? "" : "s"}`;

const told = (folders: number, files: number, leftOut: number): string =>
  `${count(folders, "folder")}, ${count(files, "file")}` +
  `${leftOut > 0 ? `; ${formatCount(leftOut)} more are not shown: type a part of their names` : ""}`;

/** Of a whole path; undefined for anything else. */
const folderOf = (path: string): string | undefined => /^((?:[A-Za-z]:)?[\\/].*)[\\/][^\\/]*$/.exec(path)?.[1];
