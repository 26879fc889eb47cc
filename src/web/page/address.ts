/**
 * What the page shows, as it stands behind the # of its address; reloading the page or sharing the address keeps it.
 */

import { densityFile } from "../../reconstruct/folder/events.ts";
import { mostClasses } from "../../reconstruct/options.ts";
import { type TaskKind, taskName } from "../live/tasks.ts";

export const tabs = ["curves", "particles", "views", "classes", "motion", "results", "configuration", "log"] as const;
export type Tab = (typeof tabs)[number];
export const axes = ["x", "y", "z"] as const;
export type Axis = (typeof axes)[number];
/** A place in Å along each axis. */
export type Planes = Readonly<Record<Axis, number>>;
/** Maps that every run is asked for. */
export const commonFiles = ["map.mrc", "half1.mrc", "half2.mrc"] as const;
export type MapFile =
  | (typeof commonFiles)[number]
  | typeof densityFile
  | `class${number}.mrc`
  | `class${number}_half${1 | 2}.mrc`
  | ResultFile;
/** A map that was made of the run's: sharpened, or for another program. */
export type ResultFile = `${TaskKind}-${number}/${string}.mrc`;
const resultFile = new RegExp(`^${taskName}/\\w{1,100}\\.mrc$`);
export const isResultFile = (path: string): path is ResultFile => resultFile.test(path);
/** Those that a run writes; with half-maps there may be twice as many, of one half alone. */
export const mapFiles: readonly MapFile[] = [
  ...commonFiles,
  densityFile,
  ...Array.from({ length: 2 * mostClasses }, (_, c) => `class${c + 1}` as const).flatMap(
    (name) => [`${name}.mrc`, `${name}_half1.mrc`, `${name}_half2.mrc`] as const,
  ),
];

export interface Address {
  /** Id of the run shown; absent: the one that changed last. */
  run?: string;
  /** Id of the run it is compared with. */
  compare?: string;
  tab: Tab;
  map: MapFile;
  /** Contour level in standard deviations above the mean; absent: chosen from the map. */
  levelSigma?: number;
  /** Where the slices across x, y and z lie, Å from the centre of the box; absent: through it. */
  planes?: Planes;
  /** The slice at which the map is cut open in three dimensions. */
  cut?: Axis;
  mirrored: boolean;
  spin: boolean;
  /** The form for a new run is open. */
  form: boolean;
  /** Id of the run whose options the form begins with. */
  clone?: string;
}

export const startAddress: Address = { tab: "curves", map: densityFile, mirrored: false, spin: false, form: false };

/** Values that make no sense are left out: an address may be old, or typed by hand. */
export function parseAddress(hash: string): Address {
  const query = new URLSearchParams(hash.replace(/^#/, ""));
  const text = (name: string) => query.get(name) || undefined;
  const number = (value: string | undefined) =>
    value !== undefined && Number.isFinite(Number(value)) ? Number(value) : undefined;
  const level = number(text("level"));
  const [x, y, z] = (text("planes") ?? "").split(",").map((place) => number(place || undefined));
  return {
    ...startAddress,
    ...optional("run", text("run")),
    ...optional("compare", text("compare")),
    ...optional(
      "tab",
      tabs.find((tab) => tab === text("tab")),
    ),
    ...optional("map", mapFileOf(`${text("map")}.mrc`)),
    ...optional("levelSigma", level),
    ...optional("planes", x === undefined || y === undefined || z === undefined ? undefined : { x, y, z }),
    ...optional(
      "cut",
      axes.find((axis) => axis === text("cut")),
    ),
    mirrored: query.has("mirrored"),
    spin: query.has("spin"),
    form: query.has("form"),
    ...optional("clone", text("clone")),
  };
}

const mapFileOf = (path: string): MapFile | undefined =>
  isResultFile(path) ? path : mapFiles.find((file) => file === path);

const optional = <K extends string, V>(name: K, value: V | undefined) =>
  value === undefined ? {} : ({ [name]: value } as Record<K, V>);

export function formatAddress(address: Address): string {
  const parts: [string, string | undefined][] = [
    ["run", address.run],
    ["compare", address.compare],
    ["tab", address.tab === startAddress.tab ? undefined : address.tab],
    ["map", address.map === startAddress.map ? undefined : address.map.replace(".mrc", "")],
    ["level", address.levelSigma === undefined ? undefined : String(Number(address.levelSigma.toFixed(2)))],
    ["planes", address.planes && axes.map((axis) => Number(address.planes![axis].toFixed(2))).join(",")],
    ["cut", address.cut],
    ["mirrored", address.mirrored ? "1" : undefined],
    ["spin", address.spin ? "1" : undefined],
    ["form", address.form ? "1" : undefined],
    ["clone", address.clone],
  ];
  const text = parts
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value!).replaceAll("%2C", ",").replaceAll("%2F", "/")}`)
    .join("&");
  return text === "" ? "" : `#${text}`;
}
