/** Large files, made from seeds: media that nothing makes smaller, and a disk image that is mostly holes. */
import { closeSync, ftruncateSync, mkdirSync, openSync, utimesSync, writeSync } from 'node:fs';
import path from 'node:path';
import { seededRandom } from '../../src/core/random.ts';
import { content } from './content.ts';

const block = 1024 * 1024;

/** Films and pictures: a few large files and many of some megabytes, all noise. */
export function makeMedia(folder: string, megabytes: number): void {
  const random = seededRandom(20_260_501);
  mkdirSync(folder, { recursive: true });
  for (let left = megabytes, file = 0; left > 0; file += 1) {
    const size = Math.min(left, file % 10 === 0 ? 100 + random.below(100) : 1 + random.below(8));
    writeMedium(path.join(folder, `medium-${String(file).padStart(4, '0')}.bin`), size, random.next());
    left -= size;
  }
}

/** One more medium, as after a day with a camera. */
export function addMedium(folder: string, megabytes: number, seed: number): void {
  writeMedium(path.join(folder, `medium-new-${seed}.bin`), megabytes, seed);
}

function writeMedium(name: string, megabytes: number, seed: number): void {
  const output = openSync(name, 'w');
  for (let at = 0; at < megabytes; at += 1) writeSync(output, content('noise', (seed + at) >>> 0, block - (at % 3)));
  closeSync(output);
  utimesSync(name, 1_750_000_000, 1_750_000_000);
}

/** The data of a machine's disk lies in runs all over it; most of the disk was never written. */
export function makeImage(folder: string, gigabytes: number, megabytes: number): void {
  mkdirSync(folder, { recursive: true });
  const size = gigabytes * 1_000_000_000;
  const output = openSync(path.join(folder, 'disk.img'), 'w');
  ftruncateSync(output, size);
  scatter(output, size, megabytes, 20_260_502);
  closeSync(output);
}

/** What a machine writes in a day: blocks of its data, here and there. */
export function writeIntoImage(folder: string, megabytes: number, seed: number): void {
  const name = path.join(folder, 'disk.img');
  const output = openSync(name, 'r+');
  scatter(output, 100 * block, megabytes, seed);
  closeSync(output);
  utimesSync(name, 1_760_000_000, 1_760_000_000);
}

function scatter(output: number, size: number, megabytes: number, seed: number): void {
  const random = seededRandom(seed);
  const kinds = ['text', 'records', 'noise', 'text'] as const;
  for (let left = megabytes; left > 0; ) {
    const run = Math.min(left, 1 + random.below(12));
    const start = random.below(Math.floor(size / 4096) - run * 256) * 4096;
    const kind = kinds[random.below(kinds.length)]!;
    for (let at = 0; at < run; at += 1)
      writeSync(output, content(kind, random.next(), block), 0, block, start + at * block);
    left -= run;
  }
}
