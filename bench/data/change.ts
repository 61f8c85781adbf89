/**
 * A day's work on a tree of small files: one file in a hundred is edited, appended to, renamed, removed or added. Which, and
 * to what, follows from the tree and the seed alone.
 */
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { seededRandom } from '../../src/core/random.ts';
import { content } from './content.ts';

const ways = ['edit', 'edit', 'edit', 'edit', 'append', 'append', 'append', 'add', 'remove', 'rename'] as const;
type Way = (typeof ways)[number];

/** Seconds; the changed files are of one day. */
const day = 1_788_000_000;

/** Changes `share` of the files in place; returns how many in which way. */
export function changeFiles(folder: string, seed: number, share = 0.01): Record<Way, number> {
  const random = seededRandom(seed);
  const files = filesIn(folder);
  const done = { edit: 0, append: 0, add: 0, remove: 0, rename: 0 };
  for (let left = Math.max(1, Math.round(files.length * share)), pool = files.length; left > 0; left -= 1, pool -= 1) {
    const at = random.below(pool);
    const file = files[at]!;
    files[at] = files[pool - 1]!;
    const way = ways[random.below(ways.length)]!;
    const time = day + random.below(86_400);
    const changed = change(file, way, random.next());
    if (changed !== undefined) utimesSync(changed, time, time);
    utimesSync(path.dirname(file), time, time);
    done[way] += 1;
  }
  return done;
}

/** The file that is new or different now. */
function change(file: string, way: Way, seed: number): string | undefined {
  const words = content('text', seed, 20 + (seed % 400));
  if (way === 'edit') {
    const bytes = readFileSync(file);
    const at = bytes.length === 0 ? 0 : seed % bytes.length;
    writeFileSync(file, Buffer.concat([bytes.subarray(0, at), words, bytes.subarray(at)]));
  } else if (way === 'append') appendFileSync(file, words);
  else if (way === 'add') {
    writeFileSync(`${file}.new`, content('text', seed, 100 + (seed % 20_000)));
    return `${file}.new`;
  } else if (way === 'rename') {
    renameSync(file, `${file}.renamed`);
    return `${file}.renamed`;
  } else {
    rmSync(file);
    return undefined;
  }
  return file;
}

/** In an order that does not depend on the file system. */
export function filesIn(folder: string): string[] {
  const files: string[] = [];
  const visit = (directory: string): void => {
    const entries = readdirSync(directory, { withFileTypes: true });
    entries.sort((one, other) => (one.name < other.name ? -1 : 1));
    for (const entry of entries) {
      const place = path.join(directory, entry.name);
      if (entry.isDirectory()) visit(place);
      else if (entry.isFile()) files.push(place);
    }
  };
  visit(folder);
  return files;
}
