/** The right word for a wrong one. */

/**
 * The candidate that `word` was most likely meant to be, if any is close: a slip or two, in upper or lower case. Of equally
 * close ones the one that begins alike, as people seldom slip on the first letter.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 0.5;
  for (const candidate of candidates) {
    const beginsAlike = candidate[0]?.toLowerCase() === word[0]?.toLowerCase();
    const slips = slipsBetween(word.toLowerCase(), candidate.toLowerCase()) - (beginsAlike ? 0.5 : 0);
    if (slips < least) [best, least] = [candidate, slips];
  }
  return best;
}

/** Letters to insert, leave out, change or swap with their neighbour to get from one word to the other. */
function slipsBetween(from: string, to: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let row = 1; row <= from.length; row += 1) {
    const here = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let slips = Math.min(here[column - 1]! + 1, last[column]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) slips = Math.min(slips, beforeLast[column - 2]! + 1);
      here.push(slips);
    }
    [beforeLast, last] = [last, here];
  }
  return last[to.length]!;
}
