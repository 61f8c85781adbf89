/**
 * Real files: the packages of a committed lock file, as `npm ci` unpacks them, with times that are the same on every
 * machine. Nothing of them is run, and none of them is kept in this repository. Parts for one platform only are left out.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { seededRandom } from '../../src/core/random.ts';

const flags = ['--ignore-scripts', '--omit=optional', '--legacy-peer-deps', '--no-audit', '--no-fund'];

/** Of the lock files in `locks/`: a tree of many packages, and one package release after release. */
export type Lock = 'packages' | 'history';

/** Unpacks into a folder that may be kept between benches; returns the tree in it. */
export function installPackages(lock: Lock, cache: string): string {
  const tree = path.join(cache, 'node_modules');
  // npm writes this file last.
  if (existsSync(path.join(tree, '.package-lock.json'))) return tree;
  mkdirSync(cache, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) {
    copyFileSync(path.join(import.meta.dirname, 'locks', lock, name), path.join(cache, name));
  }
  execFileSync('npm', ['ci', ...flags], { cwd: cache, stdio: ['ignore', 'ignore', 'inherit'] });
  return tree;
}

export interface CopyOptions {
  /** Bytes; larger files are left out. */
  readonly largest: number;
  /** Of a hundred packages, this many. */
  readonly share: number;
}

export function copyPackages(installed: string, folder: string, { largest, share }: CopyOptions): void {
  const random = seededRandom(20_260_302);
  const names = readdirSync(installed).filter((name) => !name.startsWith('.'));
  const chosen = names.sort().filter((_, at) => (at * 37) % 100 < share);
  mkdirSync(folder, { recursive: true });
  for (const name of chosen) copyTree(path.join(installed, name), path.join(folder, name), largest, random);
}

function copyTree(from: string, to: string, largest: number, random: ReturnType<typeof seededRandom>): void {
  const stats = lstatSync(from);
  if (stats.isFile() && stats.size > largest) return;
  // A second and a fraction between 2022 and 2026.
  const time = 1_672_531_200 + random.below(100_000_000) + random.below(1000) / 1000;
  if (stats.isDirectory()) {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from).sort()) copyTree(path.join(from, name), path.join(to, name), largest, random);
  } else if (stats.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else copyFileSync(from, to);
  lutimesSync(to, time, time);
}
