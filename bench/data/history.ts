/** A source-code history: the releases of one package, each unpacked over the one before, as a checkout does it. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import path from 'node:path';
import { filesIn } from './change.ts';

/** As many as the lock file has. */
export const releases = 20;

/** The tree of release `number` (from 0) in `folder`, whatever was in it; what is the same is not touched. */
export function checkOut(installed: string, number: number, folder: string): void {
  const from = path.join(installed, `v${String(number + 1).padStart(2, '0')}`);
  const time = 1_700_000_000 + number * 86_400;
  const wanted = new Set(filesIn(from).map((file) => path.relative(from, file)));
  mkdirSync(folder, { recursive: true });
  for (const file of filesIn(folder)) if (!wanted.has(path.relative(folder, file))) rmSync(file);
  for (const file of wanted) {
    const [source, target] = [path.join(from, file), path.join(folder, file)];
    if (isSame(source, target)) continue;
    mkdirSync(path.dirname(target), { recursive: true });
    copyFileSync(source, target);
    utimesSync(target, time, time);
  }
  removeEmpty(folder);
}

function isSame(one: string, other: string): boolean {
  return (
    existsSync(other) && statSync(one).size === statSync(other).size && readFileSync(one).equals(readFileSync(other))
  );
}

function removeEmpty(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const place = path.join(folder, entry.name);
    removeEmpty(place);
    if (readdirSync(place).length === 0) rmdirSync(place);
  }
}
