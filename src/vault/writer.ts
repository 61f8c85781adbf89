/**
 * Stores what a source pours in: cuts, names, looks up, and packs what is new. Nothing that it stores is visible until a
 * snapshot that needs it is committed; what a writer leaves behind when it dies is garbage and is collected.
 *
 * Blobs of this writer are known to itself at once and to others only after `finish`: a blob counts as stored when its
 * pack is durable and not before.
 */
import type { Chunker } from '../codec/chunk.ts';
import { sha256 } from '../codec/identity.ts';
import type { Random } from '../core/random.ts';
import type { BlobId, BlobKind } from '../format/blob.ts';
import { encodeIndex, encodeIndexObject, type PackRecord } from '../format/index.ts';
import { layout } from '../format/layout.ts';
import type { ObjectStore } from '../storage/port.ts';
import type { BlobIndex } from './blob-index.ts';
import type { VaultCipher } from './cipher.ts';
import { ContentStream, type StreamState } from './content-stream.ts';
import { PackBuilder, type PackSizes } from './pack-builder.ts';

export interface WriterResult {
  readonly packs: readonly PackRecord[];
  /** Bytes of the new packs. */
  readonly stored: number;
}

export class BlobWriter {
  /** Files up to this size are stored as one blob, without looking for cuts. */
  readonly smallFile: number;
  readonly #index: BlobIndex;
  readonly #pending = new Set<BlobId>();
  readonly #cipher: VaultCipher;
  readonly #chunker: Chunker;
  readonly #store: ObjectStore;
  readonly #builders: Record<BlobKind, PackBuilder>;

  constructor(store: ObjectStore, cipher: VaultCipher, sizes: PackSizes, index: BlobIndex, random: Random) {
    this.#store = store;
    this.#cipher = cipher;
    this.#index = index;
    this.#chunker = cipher.chunker();
    this.smallFile = this.#chunker.sizes.average;
    const sink = {
      nonce: () => random.bytes(16).toString('hex'),
      store: (id: string, bytes: Uint8Array) => store.put(layout.pack(id), bytes, { sha256: id }),
    };
    this.#builders = {
      data: new PackBuilder('data', cipher, sizes, sink),
      tree: new PackBuilder('tree', cipher, sizes, sink),
    };
  }

  get stored(): number {
    return this.#builders.data.stored + this.#builders.tree.stored;
  }

  put(bytes: Uint8Array, kind: BlobKind): BlobId {
    const id = this.#cipher.identify(bytes);
    if (this.#pending.has(id) || this.#index.usable(id)) return id;
    this.#pending.add(id);
    this.#builders[kind].add(id, bytes);
    return id;
  }

  stream(resume?: StreamState): ContentStream {
    return new ContentStream(this, this.#chunker, resume);
  }

  holds(blobs: readonly BlobId[]): boolean {
    return blobs.every((id) => this.#pending.has(id) || this.#index.usable(id));
  }

  drain(): Promise<void> | undefined {
    const { data, tree } = this.#builders;
    if (!data.busy && !tree.busy) return undefined;
    return Promise.all([data.drain(), tree.drain()]).then(() => undefined);
  }

  /** Makes everything durable, index last. The writer is used up afterwards. */
  async finish(): Promise<WriterResult> {
    const { data, tree } = this.#builders;
    await Promise.all([data.finish(), tree.finish()]);
    const packs = [...data.finished, ...tree.finished];
    if (packs.length > 0) await storeIndexSegment(this.#store, this.#cipher, packs);
    return { packs, stored: packs.reduce((sum, pack) => sum + pack.size, 0) };
  }
}

/** Stores one index segment and returns its name. */
export async function storeIndexSegment(
  store: ObjectStore,
  cipher: VaultCipher,
  packs: readonly PackRecord[],
): Promise<string> {
  const payload = encodeIndex(packs);
  const packed = await cipher.packFrame(payload);
  const bytes = encodeIndexObject(packed.codec, payload.length, packed.bytes);
  const name = sha256(bytes);
  await store.put(layout.index(name), bytes, { sha256: name });
  return name;
}
