/** The end of the story on one screen. */
import { wrapped } from './teller.ts';

export interface Summary {
  readonly title: string;
  /** A word and what there is to say about it; the same word is written once. */
  readonly lines: readonly (readonly [string, string])[];
}

export function summaryText({ title, lines }: Summary, seconds: number, width = 116): string {
  const column = Math.max(...lines.map(([word]) => word.length), 'Took'.length) + 2;
  const all: readonly (readonly [string, string])[] = [...lines, ['Took', `${seconds.toFixed(0)} seconds`]];
  const text = all.map(([word, what], at) => {
    const label = all[at - 1]?.[0] === word ? '' : word;
    return `  ${label.padEnd(column)}${wrapped(what, width - column - 2).join(`\n${' '.repeat(column + 2)}`)}`;
  });
  return [title, '', ...text].join('\n');
}
