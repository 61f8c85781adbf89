/**
 * Repacking: what is still needed of packs that are mostly garbage is brought into new packs, so that the old ones can be
 * collected whole. It only ever adds: new packs are durable, read back and told of by the index, and then the next marking
 * finds that the old ones are dispensable, and the ordinary two steps take them away. Whoever reads or writes meanwhile
 * finds every blob where their index says. A frame whose blobs are all needed is copied as it is stored.
 */
import { fail, isTidemarkError } from '../../core/errors.ts';
import type { BlobKind } from '../../format/blob.ts';
import { blobRecordLength } from '../../format/index.ts';
import { layout } from '../../format/layout.ts';
import type { BlobIndex } from '../blob-index.ts';
import { checkPackSum } from '../check.ts';
import type { Vault } from '../vault.ts';
import type { BlobWriter } from '../writer.ts';
import { FrameBuilder } from '../writing/frame-builder.ts';
import { type Census, takeCensus } from './census.ts';
import type { Counts } from './counts.ts';
import { countNeeds, keepCounts, rootsOf } from './kept-counts.ts';
import { divide, type PackUse, share, usesOf } from './yields.ts';

export interface RepackOptions {
  /** A pack is rewritten when at least this share of its content is garbage. */
  readonly leastGarbage: number;
  /** Stored bytes that may be rewritten now, about. */
  readonly most: number;
  readonly late: () => boolean;
  /** Asked when everything is written; where it throws, what was written is given up again. See `Leases.demand`. */
  readonly stillMine?: () => Promise<void>;
}

export interface Repacked {
  /** Ids of the packs that are dispensable now, and of those that took over what was needed. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly written: number;
  /** Packs that would be worth it and are left for another turn, or for another prune. */
  readonly left: number;
  /** Packs that could not be read whole. They stay; verification will find them. */
  readonly damaged: readonly string[];
}

/**
 * Take a writer lease first: what is written is unknown to everybody until the index tells of it, and a collector that
 * finds it meanwhile has to wait. Errors: `PruneRefused` when a snapshot is not whole, `VaultDamaged` when what was
 * written cannot be read back.
 */
export async function repack(vault: Vault, { leastGarbage, most, late, stillMine }: RepackOptions): Promise<Repacked> {
  const census = await takeCensus(vault);
  const { counts, left } = await countNeeds(vault, census, await rootsOf(vault), late);
  await keepCounts(vault, census, counts);
  const nothing: Repacked = { from: [], to: [], written: 0, left, damaged: [] };
  if (left > 0) return nothing;
  const worth = worthIt(census, counts, leastGarbage);
  if (worth.length === 0 || most <= 0) return { ...nothing, left: worth.length };

  const carrier = carrierOf(vault, census, counts);
  const [from, damaged]: [string[], string[]] = [[], []];
  let [done, carried] = [0, 0];
  for (const use of worth) {
    if (done > 0 && (late() || carried >= most)) break;
    done += 1;
    carried += use.size * share(use);
    (await carryOver(carrier, use)) ? from.push(use.id) : damaged.push(use.id);
  }
  for (const loose of Object.values(carrier.loose)) await loose.flush();
  const { packs, stored, segment } = await carrier.writer.finish();
  const to = packs.map(({ id }) => id);
  try {
    await insistOnReading(vault, to);
    await stillMine?.();
  } catch (error) {
    // what the packs were made from stays what it is; these are garbage as soon as nothing tells of them
    if (segment !== undefined) await vault.store.delete([layout.index(segment)]);
    throw error;
  }
  return { from, to, written: stored, left: worth.length - done, damaged };
}

/** Most garbage for each byte that is rewritten first; before them what is needed and lies in marked packs only. */
function worthIt(census: Census, counts: Counts, leastGarbage: number): PackUse[] {
  const { stay } = divide(census, counts, usesOf(census, counts));
  const worth = stay.filter((use) => 1 - share(use) >= leastGarbage);
  worth.sort((one, other) => share(one) - share(other) || (one.id < other.id ? -1 : 1));
  return [...inDanger(census, counts), ...worth];
}

/** Marked packs with something that lies in several packs, all of them marked: see `judge` in `collect.ts`. */
function inDanger({ index, listed, several, blobsOf }: Census, counts: Counts): PackUse[] {
  const uses: PackUse[] = [];
  for (const [number, { id, doubted }] of index.packs.entries()) {
    const size = listed.get(id);
    if (!doubted || size === undefined) continue;
    const lost = (entry: number): boolean =>
      several[entry] === 1 && counts.needs(entry) && index.packOf(entry) === number;
    const blobs = blobsOf(number).filter(lost).length;
    if (blobs > 0) uses.push({ number, id, size, plain: size, needed: size, blobs });
  }
  return uses;
}

interface Carrier {
  readonly vault: Vault;
  readonly census: Census;
  readonly counts: Counts;
  readonly writer: BlobWriter;
  /** Blobs from frames that are not needed whole are cut into frames anew. */
  readonly loose: Readonly<Record<BlobKind, FrameBuilder>>;
}

function carrierOf(vault: Vault, census: Census, counts: Counts): Carrier {
  const writer = vault.writerOver(census.index);
  const loose = (kind: BlobKind): FrameBuilder =>
    new FrameBuilder(vault.cipher, vault.config.frame, (frame) => writer.addFrame(kind, frame));
  return { vault, census, counts, writer, loose: { data: loose('data'), tree: loose('tree') } };
}

/** Copies what is needed of one pack; false when it is damaged, and then what was copied already is garbage. */
async function carryOver(carrier: Carrier, { number }: PackUse): Promise<boolean> {
  const { index, blobsOf } = carrier.census;
  const needed = new Map<number, number[]>();
  for (const entry of new Set(blobsOf(number))) {
    // of what lies elsewhere too, only the place that would be read is carried over
    if (!carrier.counts.needs(entry) || index.packOf(entry) !== number) continue;
    const frame = index.frameOf(entry);
    const entries = needed.get(frame);
    if (entries) entries.push(entry);
    else needed.set(frame, [entry]);
  }
  try {
    for (const [frame, entries] of needed) await carryFrame(carrier, frame, entries);
    return true;
  } catch (error) {
    if (!isTidemarkError(error, 'VaultDamaged') && !isTidemarkError(error, 'ObjectMissing')) throw error;
    return false;
  }
}

/** Errors: `VaultDamaged` when a blob is not what its id says: damage is not carried on. */
async function carryFrame(
  { vault, census: { index }, writer, loose }: Carrier,
  number: number,
  entries: readonly number[],
): Promise<void> {
  const { pack, offset, stored, codec, plain } = index.frames[number]!;
  const { id, kind } = index.packs[pack]!;
  const bytes = await vault.store.get(layout.pack(id), { offset, length: stored });
  const content = await vault.cipher.openFrame(codec, bytes, plain);
  const blobs = Buffer.allocUnsafeSlow(entries.length * blobRecordLength);
  let [at, covered] = [0, 0];
  for (const entry of entries) {
    const blob = index.idOf(entry);
    if (vault.cipher.identify(blobIn(content, index, entry)) !== blob)
      fail('VaultDamaged', `blob ${blob} in pack ${id} of ${vault.store.name} is not what its id says`);
    at += blobs.write(blob, at, 'hex');
    at = blobs.writeUInt32LE(index.lengthOf(entry), at);
    covered += index.lengthOf(entry);
  }
  if (covered === plain) {
    await writer.addFrame(kind, { codec, bytes, plain, blobs });
    return;
  }
  for (const entry of entries) {
    loose[kind].add(index.idOf(entry), blobIn(content, index, entry));
    if (loose[kind].busy) await loose[kind].drain();
  }
}

function blobIn(frame: Buffer, index: BlobIndex, entry: number): Buffer {
  const offset = index.offsetOf(entry);
  return frame.subarray(offset, offset + index.lengthOf(entry));
}

async function insistOnReading(vault: Vault, packs: readonly string[]): Promise<void> {
  for (const pack of packs) {
    const { finding } = await checkPackSum(vault, pack);
    if (!finding) continue;
    fail('VaultDamaged', `${finding.object} was just written to ${vault.store.name}: ${finding.detail}`, {
      hint: 'Nothing is lost: the packs it was made from are still there. Check the disk or bucket.',
      context: { pack },
    });
  }
}
