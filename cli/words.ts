/** How numbers, times and lists are written for people, in 80 columns. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `12.3 MiB`; three digits at least, as they are read at a glance. */
export function size(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `12,345`. By hand: the first call of `toLocaleString` takes ten milliseconds. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `7 files`, `1 file`, `12,345 files`. */
export function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 days 4 h`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const [s, min, h] = [Math.round(seconds), Math.floor(Math.round(seconds) / 60), Math.floor(seconds / 3600)];
  if (min === 0) return `${s} s`;
  if (h === 0) return `${min} min ${s % 60} s`;
  return h < 48 ? `${h} h ${min % 60} min` : `${Math.floor(h / 24)} days ${h % 24} h`;
}

/** `2026-03-15 03:00:12Z`. */
export function moment(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')}Z`;
}

/** Text from outside (names of files, messages) must not be able to command the terminal. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to go
  return text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f]/g, '\uFFFD');
}

/** Columns as wide as their widest cell; numbers, whose heading begins with `>`, to the right. No line ends in blanks. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const titles = headings.map((heading) => heading.replace(/^>/, ''));
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (headings[at]?.startsWith('>') ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd();
  return `${[titles, ...rows].map((cells) => line(cells.map(plain))).join('\n')}\n`;
}
