/** Holds a restored tree against the original: every name, kind, mode, owner, time, link target and byte. */
import { type BigIntStats, closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import path from 'node:path';

/** At most this many differences are told; one is enough to fail. */
const most = 20;

const block = 1024 * 1024;
const [ours, theirs] = [Buffer.allocUnsafe(block), Buffer.allocUnsafe(block)];

/** Empty when the trees are the same, but for what is said to be no difference. */
export function differences(original: string, restored: string, but?: 'times of folders and links'): string[] {
  const found: string[] = [];
  const pending = [''];
  for (let here = pending.pop(); here !== undefined && found.length < most; here = pending.pop()) {
    const [left, right] = [path.join(original, here), path.join(restored, here)];
    const names = new Set([...readdirSync(left), ...readdirSync(right)]);
    for (const name of names) {
      const relative = path.join(here, name);
      const [one, other] = [statOf(path.join(left, name)), statOf(path.join(right, name))];
      const lenient = but !== undefined && one?.isFile() === false;
      const difference = differenceOf(path.join(left, name), one, path.join(right, name), other, lenient);
      if (difference !== undefined) found.push(`${relative}: ${difference}`);
      if (one?.isDirectory() && other?.isDirectory()) pending.push(relative);
    }
  }
  return found;
}

function statOf(file: string): BigIntStats | undefined {
  return lstatSync(file, { bigint: true, throwIfNoEntry: false });
}

function differenceOf(
  original: string,
  one: BigIntStats | undefined,
  restored: string,
  other: BigIntStats | undefined,
  anyTime: boolean,
): string | undefined {
  if (one === undefined) return 'is not in the original';
  if (other === undefined) return 'is missing';
  if (one.mode !== other.mode) return `has the mode ${other.mode.toString(8)} instead of ${one.mode.toString(8)}`;
  if (one.uid !== other.uid || one.gid !== other.gid) return `is owned by ${other.uid}:${other.gid}`;
  if (!anyTime && one.mtimeNs !== other.mtimeNs) return `was modified at ${other.mtimeNs} instead of ${one.mtimeNs}`;
  if (one.isSymbolicLink() && readlinkSync(original) !== readlinkSync(restored)) return 'points elsewhere';
  if (!one.isFile()) return undefined;
  if (one.size !== other.size) return `has ${other.size} bytes instead of ${one.size}`;
  return sameBytes(original, restored) ? undefined : 'has other bytes';
}

/** Block by block, as an image may be larger than the memory. */
function sameBytes(original: string, restored: string): boolean {
  const [one, other] = [openSync(original, 'r'), openSync(restored, 'r')];
  try {
    for (let at = 0; ; ) {
      const [length, more] = [readSync(one, ours, 0, block, at), readSync(other, theirs, 0, block, at)];
      if (length !== more || ours.compare(theirs, 0, length, 0, length) !== 0) return false;
      if (length === 0) return true;
      at += length;
    }
  } finally {
    closeSync(one);
    closeSync(other);
  }
}
