/**
 * Listings of the snapshot before, for a worker: whole frames come from the main thread in shared memory, so that each is
 * read and expanded once for all workers. Every blob is checked against its id.
 */
import { fail } from '../../core/errors.ts';
import type { BlobId } from '../../format/blob.ts';
import { decodeTree, type Tree } from '../../format/tree.ts';
import type { VaultCipher } from '../../vault/cipher.ts';
import type { SharedIndex } from '../../vault/shared-index.ts';
import { type FrameAnswer, revived } from './messages.ts';

const framesKept = 6;

interface Waiting {
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (error: Error) => void;
}

export class SharedFrames {
  readonly #index: SharedIndex;
  readonly #cipher: VaultCipher;
  readonly #ask: (frame: number) => void;
  /** The one asked for first comes first, and goes first. */
  readonly #frames = new Map<number, Promise<Buffer>>();
  readonly #waiting = new Map<number, Waiting>();

  constructor(index: SharedIndex, cipher: VaultCipher, ask: (frame: number) => void) {
    this.#index = index;
    this.#cipher = cipher;
    this.#ask = ask;
  }

  /** Errors: `VaultDamaged`, and what the main thread met when it read the frame. */
  async tree(id: BlobId): Promise<Tree> {
    const entry = this.#index.find(id);
    if (entry < 0) return fail('VaultDamaged', `listing ${id} is not in the index`, { context: { blob: id } });
    const frame = await this.#frame(this.#index.frameOf(entry));
    const bytes = frame.subarray(...this.#index.rangeOf(entry));
    if (this.#cipher.identify(bytes) !== id)
      fail('VaultDamaged', `listing ${id} is not what its id says`, { context: { blob: id } });
    return decodeTree(bytes);
  }

  take(number: number, answer: FrameAnswer): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if ('error' in answer) {
      this.#frames.delete(number);
      waiting?.reject(revived(answer.error));
    } else {
      const { buffer, byteOffset, byteLength } = answer.bytes;
      waiting?.resolve(Buffer.from(buffer, byteOffset, byteLength));
    }
  }

  #frame(number: number): Promise<Buffer> {
    const known = this.#frames.get(number);
    if (known) return known;
    const coming = new Promise<Buffer>((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
    this.#frames.set(number, coming);
    const oldest = this.#frames.size > framesKept ? this.#frames.keys().next().value : undefined;
    if (oldest !== undefined && !this.#waiting.has(oldest)) this.#frames.delete(oldest);
    this.#ask(number);
    return coming;
  }
}
