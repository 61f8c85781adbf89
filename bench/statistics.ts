/** Medians, as a single slow round on a busy machine should not decide. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) throw new RangeError('the median of nothing');
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median of the ratios of each pair: both of a pair ran one right after the other, on an equally busy machine. */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
  if (ours.length !== theirs.length) throw new RangeError(`${ours.length} and ${theirs.length} figures make no pairs`);
  return median(ours.map((value, round) => value / theirs[round]!));
}
