/**
 * All that collection has to know of a vault at one moment: which packs are in the store, which of them are marked, and
 * where every blob lies, also where it lies several times.
 *
 * A place can be *relied on* when its pack is in the store and not marked. Only such a place makes another one of the same
 * blob dispensable: what an index tells of a pack that is gone (a writer that was given up may tell so late) counts for
 * nothing. The order of the looks matters. Records of marks come before the index, as a collector takes a pack out of the
 * index before it takes its record away.
 */
import { isTidemarkError } from '../../core/errors.ts';
import { blobRecordLength, type PackRecord } from '../../format/index.ts';
import { idInKey, layout } from '../../format/layout.ts';
import { BlobIndex } from '../blob-index.ts';
import { readIndexSegment } from '../index-loader.ts';
import type { Fossil } from '../records/fossils.ts';
import type { Vault } from '../vault.ts';

/** A segment of the index: which packs it tells of, by their numbers, and of how many blobs. */
export interface Segment {
  readonly packs: readonly number[];
  readonly blobs: number;
}

export interface Census {
  /** In it, packs that cannot be relied on are doubted, so that of two places of a blob the better one is chosen. */
  readonly index: BlobIndex;
  /** Bytes of every pack in the store. */
  readonly listed: ReadonlyMap<string, number>;
  readonly fossils: readonly Fossil[];
  /** Keys of records of marks that cannot be read. */
  readonly unreadable: readonly string[];
  readonly segments: ReadonlyMap<string, Segment>;
  /** Entries of the blobs of a pack, in the order of its record. */
  blobsOf(pack: number): Uint32Array;
  /** One byte for each entry: 1 where the blob lies in several packs. */
  readonly several: Uint8Array;
}

export async function takeCensus(vault: Vault): Promise<Census> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await look(vault);
    } catch (error) {
      // a segment went between listing and reading: another collector has merged it, so look again
      if (!isTidemarkError(error, 'ObjectMissing') || attempt === 5) throw error;
    }
  }
}

async function look(vault: Vault): Promise<Census> {
  const listed = new Map<string, number>();
  for await (const { key, size } of vault.store.list(layout.packs)) listed.set(idInKey(key), size);
  const { fossils, unreadable } = await vault.fossils.look();
  const marked = new Set(fossils.flatMap(({ packs }) => packs.map(({ id }) => id)));
  const doubted = (pack: string): boolean => marked.has(pack) || !listed.has(pack);
  return { listed, fossils, unreadable, ...(await readPlaces(vault, doubted)) };
}

type Places = Pick<Census, 'index' | 'segments' | 'blobsOf' | 'several'>;

async function readPlaces(vault: Vault, doubted: (pack: string) => boolean): Promise<Places> {
  const index = new BlobIndex();
  const segments = new Map<string, Segment>();
  const starts: number[] = [];
  let entries = new Uint32Array(1024);
  let several = new Uint8Array(1024);
  let length = 0;
  const add = (record: PackRecord): number => {
    const known = index.packNumber(record.id);
    if (known !== undefined) return known;
    const before = index.size;
    index.addPack(record, doubted(record.id));
    while (several.length < index.size) several = grown(several, new Uint8Array(several.length * 2));
    starts.push(length);
    for (const { blobs } of record.frames) {
      for (let at = 0; at < blobs.length; at += blobRecordLength) {
        const entry = index.findAt(blobs, at);
        if (entry < before) several[entry] = 1;
        if (length === entries.length) entries = grown(entries, new Uint32Array(length * 2));
        entries[length] = entry;
        length += 1;
      }
    }
    return starts.length - 1;
  };
  for (const key of await vault.objects.keys(layout.indexes)) {
    const name = idInKey(key);
    const records = await readIndexSegment(vault.store, vault.cipher, name);
    segments.set(name, { packs: records.map(add), blobs: records.reduce((sum, record) => sum + blobsIn(record), 0) });
  }
  const blobsOf = (pack: number): Uint32Array => entries.subarray(starts[pack], starts[pack + 1] ?? length);
  return { index, segments, blobsOf, several };
}

export const blobsIn = ({ frames }: PackRecord): number =>
  frames.reduce((sum, { blobs }) => sum + blobs.length / blobRecordLength, 0);

function grown<Words extends Uint8Array | Uint32Array>(from: Words, to: Words): Words {
  to.set(from);
  return to;
}
