/** The sample in rising order; the given one is not changed. */
export function sorted(sample: readonly number[]): number[] {
  return [...sample].sort((left, right) => left - right);
}

/** The arithmetic mean. `sample` is not empty. */
export function mean(sample: readonly number[]): number {
  let sum = 0;
  for (const value of sample) sum += value;
  return sum / sample.length;
}

/** With n - 1. `sample` has two values or more. */
export function variance(sample: readonly number[]): number {
  const middle = mean(sample);
  let sum = 0;
  for (const value of sample) sum += (value - middle) ** 2;
  return sum / (sample.length - 1);
}

/** Of an even number of values the mean of the middle two. `sample` is not empty. */
export function median(sample: readonly number[]): number {
  const values = sorted(sample);
  const half = values.length >> 1;
  return values.length % 2 === 1 ? values[half]! : (values[half - 1]! + values[half]!) / 2;
}

/** At most `count` values that are spread evenly over the sorted sample, its least and greatest among them. */
export function thinned(sample: readonly number[], count: number): number[] {
  const values = sorted(sample);
  if (values.length <= count) return values;
  return Array.from(
    { length: count },
    (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))]!,
  );
}
