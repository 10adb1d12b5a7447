/** Lanczos approximation with g = 7 and nine terms: about fifteen digits. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Gamma(z) for z > 0. Source: Lanczos 1964, coefficients of Godfrey. */
export function lnGamma(z: number): number {
  if (z < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * z)) - lnGamma(1 - z);
  const base = z + 6.5;
  let sum = LANCZOS[0]!;
  for (let index = 1; index < LANCZOS.length; index++) sum += LANCZOS[index]! / (z - 1 + index);
  return 0.5 * Math.log(2 * Math.PI) + (z - 0.5) * Math.log(base) - base + Math.log(sum);
}

const TOLERANCE = 1e-15;
const TINY = 1e-300;

/**
 * The regularised incomplete beta function I_x(a, b), for a, b > 0 and 0 <= x <= 1. Source: the continued fraction of
 * DiDonato and Morris, by Lentz's method. It takes about sqrt(max(a, b)) turns, so callers keep a and b below a million.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - lnBeta(a, b)) / a;
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let turn = 1; turn < 100_000; turn++) {
    const even = (turn * (b - turn) * x) / ((a + 2 * turn - 1) * (a + 2 * turn));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + turn) * (a + b + turn) * x) / ((a + 2 * turn) * (a + 2 * turn + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < TOLERANCE) break;
  }
  return Math.min(1, front * value);
}

/** ln B(a, b). */
export function lnBeta(a: number, b: number): number {
  return lnGamma(a) + lnGamma(b) - lnGamma(a + b);
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
