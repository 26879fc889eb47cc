import { type Matrix3, quaternionToMatrix } from "../physics/rotations.ts";

/**
 * Rotations spread evenly over SO(3), about `stepDegrees` apart: super-Fibonacci spirals (Alexa, "Super-Fibonacci
 * Spirals:
 * Fast, Low-Discrepancy Sampling of SO(3)", CVPR 2022). Their number is the volume 8 pi^2 of SO(3) over step^3.
 */
export function rotationGrid(stepDegrees: number): Matrix3[] {
  const count = Math.ceil((8 * Math.PI ** 2) / ((stepDegrees * Math.PI) / 180) ** 3);
  const phi = Math.SQRT2;
  const psi = 1.533751168755204; // the real root of psi^4 = psi + 4
  return Array.from({ length: count }, (_, i) => {
    const s = i + 0.5;
    const r = Math.sqrt(s / count);
    const rest = Math.sqrt(1 - s / count);
    const alpha = (2 * Math.PI * s) / phi;
    const beta = (2 * Math.PI * s) / psi;
    return quaternionToMatrix(r * Math.sin(alpha), r * Math.cos(alpha), rest * Math.sin(beta), rest * Math.cos(beta));
  });
}
