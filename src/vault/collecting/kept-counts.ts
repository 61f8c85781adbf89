/**
 * Counts from prune to prune: what the last one left is taken over, and only the snapshots that came or went since are
 * walked. Whatever does not fit (a record that is garbled, a pack that is gone, a number that would fall below zero) makes
 * the counts be taken anew from the snapshots, which need nothing but themselves.
 */
import { fail, isTidemarkError } from '../../core/errors.ts';
import {
  type CountsRecord,
  decodeCounts,
  decodeCountsObject,
  encodeCounts,
  encodeCountsObject,
  type PackCounts,
} from '../../format/counts.ts';
import { layout } from '../../format/layout.ts';
import type { Vault } from '../vault.ts';
import type { Census } from './census.ts';
import { Counts, roles } from './counts.ts';

export interface Counted {
  readonly counts: Counts;
  /** Roots that there was no time for. While there are any, nothing may be taken for garbage. */
  readonly left: number;
  /** Whether the counts of an earlier prune were taken over. */
  readonly basis: 'kept' | 'none';
  /** Roots that were added and removed. */
  readonly walked: number;
}

/** Trees of all snapshots. */
export async function rootsOf(vault: Vault): Promise<string[]> {
  return [...new Set((await vault.snapshots.list()).map(({ root }) => root))];
}

/** Counts what `roots` need. `late` is asked between roots. Errors: `PruneRefused` when a tree is not whole. */
export async function countNeeds(
  vault: Vault,
  census: Census,
  roots: readonly string[],
  late: () => boolean = () => false,
): Promise<Counted> {
  const kept = await takenOver(vault, census, roots);
  const counts = kept?.counts ?? new Counts(census.index, vault.readerOf(census.index));
  let walked = kept?.removed ?? 0;
  const todo = roots.filter((root) => !counts.roots.has(root));
  let done = 0;
  for (const root of todo) {
    if (done > 0 && late()) break;
    const missing = await counts.add(root);
    const lost = missing[0];
    if (lost) {
      fail(
        'PruneRefused',
        `${missing.length} blobs that snapshots in ${vault.store.name} need cannot be read, first ${lost.path}`,
        {
          hint: 'Run `tidemark verify --read-all` to repair the vault, then prune again.',
          context: { blob: lost.blob, path: lost.path, why: lost.why },
        },
      );
    }
    done += 1;
    walked += 1;
  }
  return { counts, left: todo.length - done, basis: kept ? 'kept' : 'none', walked };
}

/** What the record has, less the snapshots that went. `undefined` when it cannot be relied on. */
async function takenOver(
  vault: Vault,
  census: Census,
  roots: readonly string[],
): Promise<{ counts: Counts; removed: number } | undefined> {
  const record = await readRecord(vault);
  const counts = record && fill(vault, census, record);
  if (!counts) return undefined;
  const wanted = new Set(roots);
  let removed = 0;
  for (const root of [...counts.roots].filter((one) => !wanted.has(one))) {
    if (!(await counts.remove(root))) return undefined;
    removed += 1;
  }
  return { counts, removed };
}

async function readRecord(vault: Vault): Promise<CountsRecord | undefined> {
  try {
    const { codec, packed, payloadLength } = decodeCountsObject(await vault.store.get(layout.counts));
    return decodeCounts(await vault.cipher.openFrame(codec, packed, payloadLength));
  } catch (error) {
    if (isTidemarkError(error, 'ObjectMissing') || isTidemarkError(error, 'VaultDamaged')) return undefined;
    throw error;
  }
}

/** `undefined` when a pack of the record is not in the index any more, or is not the one that was counted. */
function fill(vault: Vault, { index, blobsOf }: Census, record: CountsRecord): Counts | undefined {
  const counts = new Counts(index, vault.readerOf(index));
  for (const root of record.roots) counts.roots.add(root);
  for (const { id, blobs, columns } of record.packs) {
    const number = index.packNumber(id);
    if (number === undefined) return undefined;
    const entries = blobsOf(number);
    if (entries.length !== blobs) return undefined;
    for (const [at, role] of roles.entries()) {
      const column = columns[at];
      if (!column) continue;
      const table = counts.of[role];
      for (const [blob, entry] of entries.entries()) {
        const value = column[blob]!;
        if (value === 0) continue;
        if (table[entry] !== 0 && table[entry] !== value) return undefined;
        table[entry] = value;
      }
    }
  }
  return counts;
}

/** Leaves the counts for the next prune. A blob that lies in several packs is told of where it would be read. */
export async function keepCounts(vault: Vault, census: Census, counts: Counts): Promise<void> {
  const payload = encodeCounts([...counts.roots].sort(), columnsOf(census, counts));
  const { codec, bytes } = await vault.cipher.packFrame(payload);
  await vault.store.put(layout.counts, encodeCountsObject(codec, payload.length, bytes));
}

function* columnsOf({ index, blobsOf }: Census, counts: Counts): Generator<PackCounts> {
  for (const [number, { id }] of index.packs.entries()) {
    const entries = blobsOf(number);
    const columns = roles.map((role) => {
      const table = counts.of[role];
      let column: Uint32Array | undefined;
      for (const [blob, entry] of entries.entries()) {
        if (table[entry] === 0 || index.packOf(entry) !== number) continue;
        column ??= new Uint32Array(entries.length);
        column[blob] = table[entry]!;
      }
      return column;
    });
    if (columns.some((column) => column !== undefined)) yield { id, blobs: entries.length, columns };
  }
}
