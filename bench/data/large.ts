/** Two gigabytes in files from 64 KiB to 256 MiB, of mixed compressibility, a part of it twice. The same bytes every time. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { seededRandom } from '../../src/core/random.ts';
import { type ContentKind, content } from './content.ts';
import type { DataSet } from './data-set.ts';

const block = 1024 * 1024;
const kinds: readonly ContentKind[] = ['text', 'noise', 'records', 'text', 'noise'];
/** Bytes; in turn, so that any share of the whole has all of them. */
const sizes = [65_536, 1_000_003, 268_435_456, 5_242_880, 300_000, 67_108_864, 16_777_216, 130_001];

export function makeLarge(folder: string, total: number): DataSet {
  const random = seededRandom(20_260_301);
  const seeds: number[] = [];
  let bytes = 0;
  let files = 0;
  for (; bytes < total; files += 1) {
    const size = Math.min(sizes[files % sizes.length]!, total - bytes);
    const kind = kinds[files % kinds.length]!;
    const directory = path.join(folder, `part-${Math.floor(files / 50)}`);
    mkdirSync(directory, { recursive: true });
    const file = openSync(path.join(directory, `${kind}-${files}`), 'w');
    for (let at = 0; at < size; at += block) {
      // One block in ten is one that was there before.
      const known = seeds.length > 0 && random.below(10) === 0;
      const seed = known ? seeds[random.below(seeds.length)]! : random.next();
      if (!known) seeds.push(seed);
      writeSync(file, content(kind, seed, Math.min(block, size - at)));
    }
    closeSync(file);
    bytes += size;
  }
  return { folder, files, bytes };
}
