/**
 * What is in a folder, found out by walking it here and not by anything that made the backup: type, permissions, owner,
 * time of change, every byte (as SHA-256), target of each symbolic link, which names are one file, and whether there are
 * holes. Two censuses are compared entry by entry. Names are bytes, as a name need not be text.
 */
import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { native } from '../../src/sources/files/native.ts';

interface Entry {
  /** Everything that has to be exactly the same. */
  readonly words: string;
  readonly modified: bigint;
  readonly sparse: boolean;
}

export interface Census {
  /** By path, in Latin-1: one letter for each byte. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  /** FIFOs, sockets and devices. */
  readonly others: number;
  /** Names beyond the first of files that have several. */
  readonly hardLinks: number;
  readonly bytes: number;
}

const piece = Buffer.allocUnsafe(1 << 20);
const separator = Buffer.from('/');

export function takeCensus(root: string): Census {
  const entries = new Map<string, Entry>();
  const first = new Map<string, string>();
  const totals = { files: 0, directories: 0, symlinks: 0, others: 0, hardLinks: 0, bytes: 0 };
  const visit = (path: Buffer, name: string): void => {
    const stat = lstatSync(path, { bigint: true });
    const key = `${stat.dev}:${stat.ino}`;
    const known = stat.isDirectory() || stat.nlink === 1n ? undefined : first.get(key);
    if (known !== undefined) totals.hardLinks += 1;
    else if (!stat.isDirectory() && stat.nlink > 1n) first.set(key, name);
    const content = contentOf(path, stat, totals);
    const link = known ?? (first.get(key) === name && stat.nlink > 1n ? name : '');
    const sparse = stat.isFile() && stat.size >= 65_536n && stat.blocks * 512n < stat.size / 2n;
    const owner = process.getuid?.() === 0 ? `${stat.uid}:${stat.gid}` : '';
    const words = [content, (stat.mode & 0o7777n).toString(8), owner, link].join(' | ');
    entries.set(name, { words, modified: stat.mtimeNs, sparse });
    if (!stat.isDirectory()) return;
    const names = readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare);
    for (const inside of names) {
      visit(Buffer.concat([path, separator, inside]), `${name}/${inside.toString('latin1')}`);
    }
  };
  visit(Buffer.from(root), '.');
  return { entries, ...totals };
}

type Totals = { -readonly [key in 'files' | 'directories' | 'symlinks' | 'others' | 'bytes']: number };

function contentOf(path: Buffer, stat: BigIntStats, totals: Totals): string {
  if (stat.isDirectory()) {
    totals.directories += 1;
    return 'directory';
  }
  if (stat.isSymbolicLink()) {
    totals.symlinks += 1;
    return `symlink to ${readlinkSync(path, 'buffer').toString('latin1')}`;
  }
  if (!stat.isFile()) {
    totals.others += 1;
    return stat.isFIFO() ? 'FIFO' : stat.isSocket() ? 'socket' : `device ${stat.rdev}`;
  }
  totals.files += 1;
  totals.bytes += Number(stat.size);
  return `file of ${stat.size} bytes, ${sha256(path)}`;
}

function sha256(path: Buffer): string {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const count = readSync(file, piece);
      if (count === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
}

/** Without the native module Node sets times to a quarter of a microsecond, no finer. */
const tolerance = native ? 0n : 1000n;

/** How exactly times were compared, for people. */
export const timesComparedTo = native ? 'nanosecond' : 'microsecond';

/** One line for each entry that is not the same; none when both hold the same. `ignored` paths are left out. */
export function censusDifferences(before: Census, after: Census, ignored: ReadonlySet<string> = new Set()): string[] {
  const lines: string[] = [];
  for (const name of new Set([...before.entries.keys(), ...after.entries.keys()])) {
    if (ignored.has(name)) continue;
    const [was, is] = [before.entries.get(name), after.entries.get(name)];
    const shown = JSON.stringify(name);
    if (was === undefined || is === undefined) {
      lines.push(`${shown}: ${was === undefined ? 'was not there before' : 'is missing'}`);
    } else if (was.words !== is.words) {
      lines.push(`${shown}: was ${was.words}; is ${is.words}`);
    } else if (difference(was.modified, is.modified) > tolerance) {
      lines.push(`${shown}: was changed at ${was.modified} ns; now it says ${is.modified}`);
    } else if (was.sparse && !is.sparse) {
      lines.push(`${shown}: had holes, and has none`);
    }
  }
  return lines;
}

/** Paths of entries that differ. */
export function changedPaths(before: Census, after: Census): Set<string> {
  const names = new Set([...before.entries.keys(), ...after.entries.keys()]);
  return new Set(
    [...names].filter((name) => {
      const [was, is] = [before.entries.get(name), after.entries.get(name)];
      return was === undefined || is === undefined || was.words !== is.words || was.modified !== is.modified;
    }),
  );
}

function difference(one: bigint, other: bigint): bigint {
  return one > other ? one - other : other - one;
}
