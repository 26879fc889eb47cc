/** Whether images are taken as their negatives: as asked, else where they are sure to show dark density. */
import { type Contrast, contrastText } from "../measure/contrast.ts";

export interface ChosenContrast {
  inverted: boolean;
  /** What the user is to know of it. */
  warning?: string;
}

/**
 * @param asked    --invert-contrast or --no-invert-contrast; undefined where neither is given
 * @param measured of the images as they are; undefined where they cannot tell
 */
export function chooseContrast(asked: boolean | undefined, measured: Contrast | undefined): ChosenContrast {
  const density = measured?.density ?? "unclear",
    found = `${density} in the images${measured ? ` (${contrastText(measured)})` : ""}`;
  if (asked === undefined)
    return {
      bright: { inverted: false },
      dark: {
        inverted: true,
        warning: `density is ${found}: they are inverted; --no-invert-contrast takes them as they are`,
      },
      unclear: {
        inverted: false,
        warning:
          `whether density is bright or dark is ${found}: they are taken as they are, ` +
          "as if it were bright; --invert-contrast inverts them",
      },
    }[density];
  if (density !== (asked ? "bright" : "dark")) return { inverted: asked };
  return {
    inverted: asked,
    warning: asked
      ? `density seems ${found}, and --invert-contrast makes it dark: start anew without`
      : `density seems ${found}, and --no-invert-contrast leaves it so: start anew without`,
  };
}
