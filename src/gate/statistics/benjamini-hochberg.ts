/**
 * The p values corrected for how many there are, in their order, after Benjamini and Hochberg: of those below a limit the share of
 * false ones is expected to be no more than the limit.
 */
export function benjaminiHochberg(ps: readonly number[]): number[] {
  const order = ps.map((_, index) => index).sort((left, right) => ps[right]! - ps[left]!);
  const corrected = [...ps];
  let least = 1;
  for (const [i, index] of order.entries()) {
    const rank = ps.length - i;
    least = Math.min(least, (ps[index]! * ps.length) / rank);
    corrected[index] = least;
  }
  return corrected;
}
