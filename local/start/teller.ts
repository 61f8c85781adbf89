/** Tells what happens while it happens: chapters, lines with the seconds since the start, and figures that people can read. */
import { systemClock } from '../../src/core/clock.ts';

export interface Teller {
  /** Since the start. */
  seconds(): number;
  chapter(title: string): void;
  line(text: string): void;
  /** Text of several lines that belongs to the line before. */
  detail(text: string): void;
  /** After an interruption nothing more is told, though something may still come to its end. */
  hush(): void;
}

export function createTeller(write: (text: string) => void, colours: boolean): Teller {
  const start = systemClock.elapsed();
  let hushed = false;
  const say = (text: string): void => {
    if (!hushed) write(text);
  };
  const seconds = (): number => (systemClock.elapsed() - start) / 1000;
  const strong = (text: string): string => (colours ? `\u001b[1m${text}\u001b[0m` : text);
  const faint = (text: string): string => (colours ? `\u001b[2m${text}\u001b[0m` : text);
  return {
    seconds,
    hush: () => {
      hushed = true;
    },
    chapter: (title) => say(`\n${strong(title)}\n`),
    line: (text) => say(`${faint(`${seconds().toFixed(1).padStart(6)} s`)}  ${text}\n`),
    detail: (text) => say(`${text.trimEnd().replace(/^(?=.)/gm, ' '.repeat(12))}\n`),
  };
}

/** `512 bytes`, `3.4 MB`, `216 MB`. */
export function bytes(count: number): string {
  if (count < 1000) return counted(count, 'byte');
  const units = ['kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power - 1]}`;
}

/** `1 file`, `22,994 files`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** `Sun  1 Mar`. */
export function day(time: Date): string {
  const [weekday, date, month] = ['weekday', 'day', 'month'].map((part) =>
    time.toLocaleDateString('en-GB', { timeZone: 'UTC', [part]: part === 'day' ? 'numeric' : 'short' }),
  );
  return `${weekday} ${date!.padStart(2)} ${month}`;
}

/** Lines of no more than `width` letters, unless a word is longer. */
export function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
