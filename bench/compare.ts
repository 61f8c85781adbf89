/** Holds a restored tree against the original: every name, kind, mode, owner, time, link target and byte. */
import { hash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/** At most this many differences are told; one is enough to fail. */
const most = 20;

/** Empty when the trees are the same. */
export function differences(original: string, restored: string): string[] {
  const found: string[] = [];
  const pending = [''];
  for (let here = pending.pop(); here !== undefined && found.length < most; here = pending.pop()) {
    const [ours, theirs] = [path.join(original, here), path.join(restored, here)];
    const names = new Set([...readdirSync(ours), ...readdirSync(theirs)]);
    for (const name of names) {
      const relative = path.join(here, name);
      const [one, other] = [statOf(path.join(ours, name)), statOf(path.join(theirs, name))];
      const difference = differenceOf(path.join(ours, name), one, path.join(theirs, name), other);
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
): string | undefined {
  if (one === undefined) return 'is not in the original';
  if (other === undefined) return 'is missing';
  if (one.mode !== other.mode) return `has the mode ${other.mode.toString(8)} instead of ${one.mode.toString(8)}`;
  if (one.uid !== other.uid || one.gid !== other.gid) return `is owned by ${other.uid}:${other.gid}`;
  if (one.mtimeNs !== other.mtimeNs) return `was modified at ${other.mtimeNs} instead of ${one.mtimeNs}`;
  if (one.isSymbolicLink() && readlinkSync(original) !== readlinkSync(restored)) return 'points elsewhere';
  if (!one.isFile()) return undefined;
  if (one.size !== other.size) return `has ${other.size} bytes instead of ${one.size}`;
  return digest(original) === digest(restored) ? undefined : 'has other bytes';
}

/** Files of any size: the largest that the bench makes fit into memory one at a time. */
function digest(file: string): string {
  return hash('sha256', readFileSync(file), 'hex');
}
