import { contrastRange, encodeGrayPng, type GrayImage } from "../io/grayImage.ts";

/** Text as HTML text or attribute value. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** JSON that can stand in a script element: no "<" that could close it. */
export function embedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/**
 * A figure with the image inlined as PNG and, where the pixel size is known, a bar of a round length in Å.
 * @param pixelSizeAngstrom 0 or absent: no bar
 */
export function imageFigure(
  image: GrayImage,
  caption: string,
  pixelSizeAngstrom = 0,
  range = contrastRange([image]),
): string {
  const png = Buffer.from(encodeGrayPng(image, range)).toString("base64");
  const label = escapeHtml(caption);
  return (
    `<figure><div class="frame"><img width="${image.width}" height="${image.height}" ` +
    `alt="${label || "particle image"}" src="data:image/png;base64,${png}">` +
    `${pixelSizeAngstrom > 0 ? scaleBar(image.width * pixelSizeAngstrom) : ""}</div>` +
    `${caption ? `<figcaption>${label}</figcaption>` : ""}</figure>`
  );
}

function scaleBar(widthAngstrom: number): string {
  const length = roundLength(widthAngstrom / 3);
  return `<div class="scale" style="width:${((100 * length) / widthAngstrom).toFixed(2)}%">${length} Å</div>`;
}

/** The largest of 1, 2, 5, 10, 20, ... that is not above x. */
export function roundLength(x: number): number {
  const power = 10 ** Math.floor(Math.log10(x));
  const digit = x / power;
  return Number(((digit >= 5 ? 5 : digit >= 2 ? 2 : 1) * power).toPrecision(1));
}
