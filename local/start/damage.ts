/** What disks do: a few bytes of one pack turn over, and another pack is gone. And whether it is as it was. */
import { hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fail } from '../../src/core/errors.ts';
import { bytes } from './teller.ts';

export interface Damage {
  /** Paths of packs in the primary. */
  readonly flipped: string;
  readonly deleted: string;
  readonly words: string;
}

/** Takes the two largest packs that the replica has too. */
export function damageVault(primary: string, replica: string): Damage {
  const inReplica = new Set(packsIn(replica).map((path) => basename(path)));
  const fossils = new Set(namesBelow(primary, 'fossils').map((path) => basename(path, '.json')));
  const [flipped, deleted] = packsIn(primary)
    .filter((path) => inReplica.has(basename(path)) && !fossils.has(basename(path)))
    .sort((one, other) => statSync(other).size - statSync(one).size);
  if (flipped === undefined || deleted === undefined)
    return fail('Unexpected', `${primary} has fewer than two packs to damage`);
  const [size, lost] = [statSync(flipped).size, statSync(deleted).size];
  flip(flipped, Math.floor(size / 2));
  rmSync(deleted);
  const words = `8 bytes flipped in a pack of ${bytes(size)}, another of ${bytes(lost)} deleted`;
  return { flipped, deleted, words };
}

/** A pack is named by the SHA-256 of its content. */
export function isWhole(path: string): boolean {
  try {
    return hash('sha256', readFileSync(path), 'hex') === basename(path);
  } catch {
    return false;
  }
}

/** Bytes of a vault on disk. */
export function sizeOf(vault: string): number {
  return namesBelow(vault).reduce((sum, path) => sum + statSync(path).size, 0);
}

function packsIn(vault: string): string[] {
  return namesBelow(vault, 'packs').filter((path) => /^[0-9a-f]{64}$/.test(basename(path)));
}

function namesBelow(vault: string, folder = '.'): string[] {
  try {
    const found = readdirSync(join(vault, folder), { recursive: true, withFileTypes: true });
    return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

function flip(path: string, at: number): void {
  chmodSync(path, 0o600);
  const file = openSync(path, 'r+');
  try {
    const piece = Buffer.alloc(8);
    readSync(file, piece, 0, piece.length, at);
    writeSync(
      file,
      piece.map((byte) => byte ^ 0xff),
      0,
      piece.length,
      at,
    );
  } finally {
    closeSync(file);
  }
}
