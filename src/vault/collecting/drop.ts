/** Takes packs out of the index, and merges small segments on the way. */
import type { PackRecord } from '../../format/index.ts';
import { layout } from '../../format/layout.ts';
import { readIndexSegment } from '../index-loader.ts';
import type { Vault } from '../vault.ts';
import { storeIndexSegment } from '../writer.ts';
import { blobsIn, type Census } from './census.ts';

/** A segment of so many blobs is not merged with others: an index of any size passes through bounded memory. */
const fullSegment = 1_000_000;

/**
 * Writes the segments that tell of `gone` anew without it, and small ones with them; each is read once. Segments that are
 * full and tell of nothing that goes are not touched. The new ones are durable before the old ones go.
 */
export async function dropFromIndex(
  vault: Vault,
  { segments, index }: Pick<Census, 'segments' | 'index'>,
  gone: ReadonlySet<string>,
): Promise<void> {
  const numbers = new Set([...gone].map((id) => index.packNumber(id)));
  const told = new Set<string>();
  const stale: string[] = [];
  for (const [name, { packs, blobs }] of segments) {
    if (blobs < fullSegment || packs.some((pack) => numbers.has(pack))) stale.push(name);
    else for (const pack of packs) told.add(index.packs[pack]!.id);
  }
  const written = new Set<string>();
  let gathered: PackRecord[] = [];
  let blobs = 0;
  const write = async (): Promise<void> => {
    if (gathered.length > 0) written.add(await storeIndexSegment(vault.store, vault.cipher, gathered));
    [gathered, blobs] = [[], 0];
  };
  for (const name of stale) {
    for (const record of await readIndexSegment(vault.store, vault.cipher, name)) {
      if (gone.has(record.id) || told.has(record.id)) continue;
      told.add(record.id);
      gathered.push(record);
      blobs += blobsIn(record);
      if (blobs >= fullSegment) await write();
    }
  }
  await write();
  await vault.store.delete(stale.filter((name) => !written.has(name)).map(layout.index));
}
