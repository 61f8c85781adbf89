/** Statistics that a few odd values do not bend. */

/** 0 of nothing. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** How far values usually lie from their median: the median of their distances, scaled to a standard deviation. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  return 1.4826 * median(values.map((value) => Math.abs(value - middle)));
}

/** What a value may come to before it is out of the ordinary. */
export function ordinary(values: readonly number[], spreads = 6): number {
  return median(values) + spreads * spread(values);
}
