/** Light and dark: as the system says, or as the visitor chose. */
import { effect, signal } from "@preact/signals";

export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const stored = localStorage.getItem("cryogan-theme");
export const theme = signal<Theme>(themes.find((name) => name === stored) ?? "auto");
/** Grows when colours change; what draws on a canvas reads it and draws again. */
export const paletteVersion = signal(0);

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  localStorage.setItem("cryogan-theme", theme.value);
  paletteVersion.value = paletteVersion.peek() + 1;
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  paletteVersion.value++;
});

export type PaletteColor =
  | "ground"
  | "panel"
  | "text"
  | "muted"
  | "grid"
  | "blue"
  | "orange"
  | "green"
  | "purple"
  | "scene"
  | "surface"
  | "surface2";

/** A colour of style.css as it is now, "rgb(r, g, b)". */
export function cssColor(name: PaletteColor): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

/** The same as 0xrrggbb. */
export function hexColor(name: PaletteColor): number {
  const [r, g, b] = cssColor(name).match(/\d+/g)!.map(Number) as [number, number, number];
  return (r << 16) | (g << 8) | b;
}
