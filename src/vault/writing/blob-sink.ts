/**
 * What a source pours into: cuts, names, looks up, and frames what is new. It knows neither the store nor the whole index,
 * only how to ask whether a blob is known, so it works in the main thread and in a worker alike.
 */
import { type Chunker, PageCutter } from '../../codec/chunk.ts';
import type { BlobId, BlobKind } from '../../format/blob.ts';
import type { VaultCipher } from '../cipher.ts';
import { ContentStream, type StreamState } from './content-stream.ts';
import { FrameBuilder, type PackedFrame } from './frame-builder.ts';

export interface Known {
  /** It is in the vault and may be relied on, or somebody of this capture is storing it. */
  holds(id: BlobId): boolean;
  /** True when it is neither, and from now on the caller is who stores it. */
  claim(id: BlobId): boolean;
}

export class BlobSink {
  /** Files up to this size are stored as one blob, without looking for cuts. */
  readonly smallFile: number;
  readonly #known: Known;
  readonly #cipher: VaultCipher;
  readonly #chunker: Chunker;
  readonly #builders: Record<BlobKind, FrameBuilder>;
  #stored = 0;

  /** `take` is given each frame; see `FrameTaker`. */
  constructor(
    cipher: VaultCipher,
    frameSize: number,
    known: Known,
    take: (kind: BlobKind, frame: PackedFrame) => Promise<void> | undefined,
  ) {
    this.#cipher = cipher;
    this.#known = known;
    this.#chunker = cipher.chunker();
    this.smallFile = this.#chunker.sizes.maximum;
    const builder = (kind: BlobKind): FrameBuilder =>
      new FrameBuilder(cipher, frameSize, (frame) => {
        this.#stored += frame.bytes.length;
        return take(kind, frame);
      });
    this.#builders = { data: builder('data'), tree: builder('tree') };
  }

  get stored(): number {
    return this.#stored;
  }

  put(bytes: Uint8Array, kind: BlobKind): BlobId {
    const id = this.#cipher.identify(bytes);
    if (this.#known.claim(id)) this.#builders[kind].add(id, bytes);
    return id;
  }

  stream(resume?: StreamState, page?: number): ContentStream {
    return new ContentStream(this, page === undefined ? this.#chunker : new PageCutter(page), resume);
  }

  holds(blobs: readonly BlobId[]): boolean {
    for (const id of blobs) if (!this.#known.holds(id)) return false;
    return true;
  }

  drain(): Promise<void> | undefined {
    const { data, tree } = this.#builders;
    if (!data.busy && !tree.busy) return undefined;
    return Promise.all([data.drain(), tree.drain()]).then(() => undefined);
  }

  /** Hands on what is in half-full frames too. */
  async flush(): Promise<void> {
    await Promise.all([this.#builders.data.flush(), this.#builders.tree.flush()]);
  }
}
