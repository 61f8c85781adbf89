/** Counts and copies folders. */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

export interface Contents {
  readonly files: number;
  readonly bytes: number;
}

export function contentsOf(folder: string): Contents {
  const sum = { files: 0, bytes: 0 };
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    sum.files += 1;
    sum.bytes += lstatSync(path.join(entry.parentPath, entry.name)).size;
  }
  return sum;
}

/** Bytes that a vault takes: a file with several names counts once, and holes do not count. */
export function bytesStored(folder: string): number {
  const seen = new Set<number>();
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { ino, nlink, size, blocks } = lstatSync(path.join(entry.parentPath, entry.name));
    if (nlink > 1 && seen.has(ino)) continue;
    if (nlink > 1) seen.add(ino);
    bytes += Math.min(size, blocks * 512);
  }
  return bytes;
}

/** With owners, times and holes; returns where it is. */
export function copyOf(folder: string, target: string): string {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(path.dirname(target), { recursive: true });
  execFileSync('cp', ['--archive', '--sparse=always', folder, target]);
  return target;
}
