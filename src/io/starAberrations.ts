/** Columns of a STAR file that change the images and that the forward model does not know. */
import { unusedWarning } from "./particleChecks.ts";

/** Some cells of a column. */
interface Cells {
  count: number;
  text(i: number): string;
}

/** What a label is about, and the value at which it changes nothing. */
const labels: [what: string, label: string, neutral: number][] = [
  ["anisotropic magnification", "rlnMagMat00", 1],
  ["anisotropic magnification", "rlnMagMat01", 0],
  ["anisotropic magnification", "rlnMagMat10", 0],
  ["anisotropic magnification", "rlnMagMat11", 1],
  ["beam tilt", "rlnBeamTiltX", 0],
  ["beam tilt", "rlnBeamTiltY", 0],
  ["odd Zernike terms", "rlnOddZernike", 0],
  ["even Zernike terms", "rlnEvenZernike", 0],
  ["a scale of the CTF", "rlnCtfScalefactor", 1],
];

/** @returns one line where any of them changes something. Cells that hold no numbers change nothing. */
export function unusedAberrations(file: string, cellsOf: (label: string) => Cells | undefined): string[] {
  return unusedWarning(
    file,
    labels
      .filter(([, label, neutral]) => {
        const cells = cellsOf(label);
        const changes = (text: string): boolean => numbersIn(text).some((x) => Math.abs(x - neutral) > 1e-6);
        for (let i = 0; i < (cells?.count ?? 0); i++) if (changes(cells!.text(i))) return true;
        return false;
      })
      .map(([what, label]) => [what, label]),
  );
}

/** "[1.5,-2]" is a list of two. */
function numbersIn(text: string): number[] {
  return text
    .split(/[[\],\s]+/)
    .filter((part) => part !== "")
    .map(Number)
    .filter(Number.isFinite);
}
