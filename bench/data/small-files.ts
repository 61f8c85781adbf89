/**
 * Many small files: the packages that `npm ci` installed, which are real, the same for everybody with the same lock file,
 * and on hand. Where they are fewer than 20,000 files (another platform), generated ones are added.
 */
import { cpSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { seededRandom } from '../../src/core/random.ts';
import { content } from './content.ts';
import type { DataSet } from './data-set.ts';

export const leastFiles = 20_000;

export function makeSmallFiles(installed: string, folder: string): DataSet {
  cpSync(installed, folder, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
    // Caches of tools change from day to day.
    filter: (from) => path.dirname(from) !== installed || /^[^.]|^\.bin$/.test(path.basename(from)),
  });
  const copied = count(folder);
  if (copied.files < leastFiles) addFiles(path.join(folder, 'generated'), leastFiles - copied.files);
  return { folder, ...count(folder) };
}

function addFiles(folder: string, wanted: number): void {
  const random = seededRandom(20_260_302);
  for (let file = 0; file < wanted; file += 1) {
    const directory = path.join(folder, `package-${Math.floor(file / 40)}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(
      path.join(directory, `module-${file}.txt`),
      content('text', random.next(), 100 + random.below(12_000)),
    );
  }
}

function count(folder: string): { files: number; bytes: number } {
  const sum = { files: 0, bytes: 0 };
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    sum.files += 1;
    sum.bytes += lstatSync(path.join(entry.parentPath, entry.name)).size;
  }
  return sum;
}
