/**
 * A note beside a restore target that was empty (or not there) when a restore began: `.NAME.tidemark-restore`. It tells a
 * restore that starts again after a crash that what it finds is its own, and `discard` that the target may go.
 */
import { type BigIntStats, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import type { BlobId } from '../../../format/blob.ts';

const markerSchema = z.object({
  tidemark: z.literal('restore'),
  /** Root of the snapshot that is restored. */
  root: z.string(),
  device: z.string(),
  inode: z.string(),
  /** The restore made the directory itself. */
  created: z.boolean(),
  finished: z.boolean(),
});
export type Marker = z.infer<typeof markerSchema>;

/** Undefined when there is none, or when it is about another directory or another snapshot. */
export function readMarker(target: string, root: BlobId): (Marker & { readonly written: bigint }) | undefined {
  try {
    const path = markerPath(target);
    const stat = lstatSync(path, { bigint: true });
    const marker = markerSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    const same = marker.root === root && isAbout(marker, lstatSync(target, { bigint: true }));
    return stat.isFile() && same ? { ...marker, written: stat.ctimeNs } : undefined;
  } catch {
    return undefined;
  }
}

export function writeMarker(target: string, root: BlobId, state: Pick<Marker, 'created' | 'finished'>): void {
  const stat = lstatSync(target, { bigint: true });
  const marker: Marker = { tidemark: 'restore', root, device: `${stat.dev}`, inode: `${stat.ino}`, ...state };
  removeMarker(target);
  writeFileSync(markerPath(target), `${JSON.stringify(marker)}\n`, { mode: 0o600, flag: 'wx' });
}

export function removeMarker(target: string): void {
  rmSync(markerPath(target), { force: true });
}

function isAbout(marker: Marker, stat: BigIntStats): boolean {
  return stat.isDirectory() && marker.device === `${stat.dev}` && marker.inode === `${stat.ino}`;
}

function markerPath(target: string): string {
  return join(dirname(target), `.${basename(target)}.tidemark-restore`);
}
