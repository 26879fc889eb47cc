import { useEffect, useRef } from "preact/hooks";
import type { GrayImage } from "../../../io/grayImage.ts";

/** An image drawn pixel by pixel; the page scales it. */
export function GrayCanvas({
  image,
  range,
  label,
}: {
  image: GrayImage;
  range: readonly [number, number];
  label: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const data = context.createImageData(image.width, image.height);
    const scale = 255 / (range[1] - range[0]);
    for (let i = 0; i < image.width * image.height; i++) {
      const grey = (image.pixels[i]! - range[0]) * scale; // clamped by the array
      data.data.set([grey, grey, grey, 255], 4 * i);
    }
    context.putImageData(data, 0, 0);
  }, [image, range[0], range[1]]);
  return <canvas ref={canvas} class="pixels" width={image.width} height={image.height} role="img" aria-label={label} />;
}
