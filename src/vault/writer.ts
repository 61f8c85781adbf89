/**
 * Stores what a source pours in, itself or through workers. Nothing that it stores is visible until a snapshot that needs
 * it is committed; what a writer leaves behind when it dies is garbage and is collected.
 *
 * Blobs of this writer are known to itself at once and to others only after `finish`: a blob counts as stored when its
 * pack is durable and not before.
 */
import { sha256 } from '../codec/identity.ts';
import type { Random } from '../core/random.ts';
import type { BlobId, BlobKind } from '../format/blob.ts';
import { encodeIndex, encodeIndexObject, type PackRecord } from '../format/index.ts';
import { layout } from '../format/layout.ts';
import type { ObjectStore } from '../storage/port.ts';
import type { BlobIndex } from './blob-index.ts';
import type { VaultCipher } from './cipher.ts';
import { BlobSink } from './writing/blob-sink.ts';
import { type ClaimBuffers, Claims, knownTo, newClaims } from './writing/claims.ts';
import type { ContentStream, StreamState } from './writing/content-stream.ts';
import type { PackedFrame } from './writing/frame-builder.ts';
import { PackBuilder, type PackSizes } from './writing/pack-builder.ts';

export interface WriterResult {
  readonly packs: readonly PackRecord[];
  /** Name of the index segment that tells of them; absent when there are none. */
  readonly segment?: string;
  /** Bytes of the new packs. */
  readonly stored: number;
  readonly fresh: Fresh;
}

/** New content, without listings: its bytes, and what compression left of them. Encrypted content does not shrink. */
export interface Fresh {
  readonly plain: number;
  readonly packed: number;
}

export class BlobWriter {
  readonly smallFile: number;
  /** What this writer and its workers are storing. */
  readonly claims: ClaimBuffers = newClaims();
  readonly index: BlobIndex;
  readonly #cipher: VaultCipher;
  readonly #store: ObjectStore;
  readonly #sink: BlobSink;
  readonly #builders: Record<BlobKind, PackBuilder>;
  readonly #fresh = { plain: 0, packed: 0 };

  constructor(store: ObjectStore, cipher: VaultCipher, sizes: PackSizes, index: BlobIndex, random: Random) {
    this.#store = store;
    this.#cipher = cipher;
    this.index = index;
    const known = knownTo(index, new Claims(this.claims));
    const sink = {
      nonce: () => random.bytes(16).toString('hex'),
      store: (id: string, bytes: Uint8Array) => store.put(layout.pack(id), bytes, { sha256: id }),
    };
    this.#builders = {
      data: new PackBuilder('data', cipher, sizes, sink),
      tree: new PackBuilder('tree', cipher, sizes, sink),
    };
    this.#sink = new BlobSink(cipher, sizes.frame, known, (kind, frame) => this.addFrame(kind, frame));
    this.smallFile = this.#sink.smallFile;
  }

  get stored(): number {
    return this.#builders.data.stored + this.#builders.tree.stored;
  }

  put(bytes: Uint8Array, kind: BlobKind): BlobId {
    return this.#sink.put(bytes, kind);
  }

  stream(resume?: StreamState, page?: number): ContentStream {
    return this.#sink.stream(resume, page);
  }

  holds(blobs: readonly BlobId[]): boolean {
    return this.#sink.holds(blobs);
  }

  drain(): Promise<void> | undefined {
    return this.#sink.drain();
  }

  /** Takes a frame of a worker, which has claimed its blobs. A promise is to be waited for before the next one. */
  addFrame(kind: BlobKind, frame: PackedFrame): Promise<void> | undefined {
    if (kind === 'data') {
      this.#fresh.plain += frame.plain;
      this.#fresh.packed += Math.min(frame.plain, frame.bytes.length);
    }
    return this.#builders[kind].add(frame);
  }

  /** Makes everything durable, index last. The writer is used up afterwards. */
  async finish(): Promise<WriterResult> {
    const { data, tree } = this.#builders;
    await this.#sink.flush();
    await Promise.all([data.finish(), tree.finish()]);
    const packs = [...data.finished, ...tree.finished];
    const segment = packs.length > 0 ? await storeIndexSegment(this.#store, this.#cipher, packs) : undefined;
    const stored = packs.reduce((sum, pack) => sum + pack.size, 0);
    return { packs, stored, fresh: { ...this.#fresh }, ...(segment !== undefined && { segment }) };
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
