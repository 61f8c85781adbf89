/**
 * Gathers blobs into frames and frames into packs. A full frame is compressed on the thread pool while the next fills; a
 * full pack is put while the next is built. Frames keep their order, so equal input gives equal frames.
 *
 * Memory is bounded as long as the caller waits for `drain()`: a few frames being compressed and a few packs being put.
 */
import { sha256InBackground } from '../codec/identity.ts';
import type { BlobId, BlobKind } from '../format/blob.ts';
import { blobRecordLength, type PackRecord } from '../format/index.ts';
import { encodeDirectory, encodeTrailer, type FrameRecord, packHeader, trailerLength } from '../format/pack.ts';
import type { VaultCipher } from './cipher.ts';

export interface PackSink {
  /** Hexadecimal; another one at each call. */
  nonce(): string;
  /** Makes the pack durable. */
  store(id: string, bytes: Uint8Array): Promise<void>;
}

export interface PackSizes {
  readonly frame: number;
  readonly pack: number;
}

interface OpenFrame {
  readonly buffer: Buffer;
  used: number;
  readonly ids: BlobId[];
  readonly lengths: number[];
}

interface OpenPack {
  readonly parts: Uint8Array[];
  readonly frames: FrameRecord[];
  length: number;
}

const framesInFlight = 4;
const packsInFlight = 2;

export class PackBuilder {
  /** Records of the packs that are stored, in order. */
  readonly finished: PackRecord[] = [];
  readonly #kind: BlobKind;
  readonly #cipher: VaultCipher;
  readonly #sizes: PackSizes;
  readonly #sink: PackSink;
  readonly #spare: Buffer[] = [];
  #frame: OpenFrame | undefined;
  #pack: OpenPack | undefined;
  #frames = 0;
  #puts = 0;
  #stored = 0;
  /** Frames join the pack in the order in which they were closed: each waits for the one before. */
  #tail: Promise<void> = Promise.resolve();
  readonly #storing = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(kind: BlobKind, cipher: VaultCipher, sizes: PackSizes, sink: PackSink) {
    this.#kind = kind;
    this.#cipher = cipher;
    this.#sizes = sizes;
    this.#sink = sink;
  }

  /** Bytes of finished and growing packs. */
  get stored(): number {
    return this.#stored;
  }

  /** Copies a blob in. The caller knows that it is new. */
  add(id: BlobId, bytes: Uint8Array): void {
    if (this.#frame && this.#frame.used + bytes.length > this.#frame.buffer.length) this.#closeFrame();
    this.#frame ??= { buffer: this.#buffer(bytes.length), used: 0, ids: [], lengths: [] };
    const frame = this.#frame;
    frame.buffer.set(bytes, frame.used);
    frame.used += bytes.length;
    frame.ids.push(id);
    frame.lengths.push(bytes.length);
  }

  /** True when the caller should wait for `drain()` before adding more. */
  get busy(): boolean {
    return this.#failure !== undefined || this.#frames > framesInFlight || this.#puts > packsInFlight;
  }

  /** Resolves when there is room again; rejects when something could not be stored. */
  async drain(): Promise<void> {
    while (this.#failure === undefined && this.#frames > framesInFlight) await this.#tail;
    while (this.#failure === undefined && this.#puts > packsInFlight) await Promise.race(this.#storing);
    if (this.#failure) throw this.#failure.error;
  }

  /** Closes what is open and resolves when everything added so far is durable. */
  async finish(): Promise<void> {
    if (this.#frame) this.#closeFrame();
    await this.#tail;
    if (this.#failure === undefined && this.#pack) this.#closePack();
    await Promise.all(this.#storing);
    if (this.#failure) throw this.#failure.error;
  }

  #buffer(least: number): Buffer {
    if (least > this.#sizes.frame) return Buffer.allocUnsafeSlow(least);
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#sizes.frame);
  }

  #closeFrame(): void {
    const frame = this.#frame!;
    this.#frame = undefined;
    this.#frames += 1;
    const packing = this.#cipher.packFrame(frame.buffer.subarray(0, frame.used));
    packing.catch(() => {}); // looked at below, after the frames before it
    this.#tail = this.#tail
      .then(async () => {
        const { codec, bytes } = await packing;
        if (this.#failure) return;
        // a frame that is stored as it is still lies in the buffer, which is about to be used again
        this.#append(frame, codec, bytes.buffer === frame.buffer.buffer ? Buffer.from(bytes) : bytes);
        if (frame.buffer.length === this.#sizes.frame) this.#spare.push(frame.buffer);
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#frames -= 1;
      });
  }

  #append(frame: OpenFrame, codec: FrameRecord['codec'], bytes: Uint8Array): void {
    this.#pack ??= { parts: [packHeader], frames: [], length: packHeader.length };
    const pack = this.#pack;
    pack.frames.push({
      offset: pack.length,
      stored: bytes.length,
      plain: frame.used,
      codec,
      blobs: frame.ids.map((id, at) => [id, frame.lengths[at]!] as const),
    });
    pack.parts.push(bytes);
    pack.length += bytes.length;
    this.#stored += bytes.length;
    if (pack.length >= this.#sizes.pack) this.#closePack();
  }

  #closePack(): void {
    const pack = this.#pack!;
    this.#pack = undefined;
    this.#puts += 1;
    const storing: Promise<void> = this.#store(pack)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#puts -= 1;
        this.#storing.delete(storing);
      });
    this.#storing.add(storing);
  }

  async #store(pack: OpenPack): Promise<void> {
    const plain = encodeDirectory({ kind: this.#kind, nonce: this.#sink.nonce(), frames: pack.frames });
    const packed = await this.#cipher.packFrame(plain);
    const bytes = Buffer.concat([...pack.parts, packed.bytes, encodeTrailer(packed.bytes, packed.codec, plain.length)]);
    pack.parts.length = 0;
    const id = await sha256InBackground(bytes);
    await this.#sink.store(id, bytes);
    this.#stored += packed.bytes.length + trailerLength;
    this.finished.push({ id, kind: this.#kind, size: bytes.length, frames: pack.frames.map(toIndexFrame) });
  }
}

export function toIndexFrame(frame: FrameRecord): PackRecord['frames'][number] {
  const blobs = Buffer.allocUnsafe(frame.blobs.length * blobRecordLength);
  let at = 0;
  for (const [id, length] of frame.blobs) {
    at += blobs.write(id, at, 'hex');
    at = blobs.writeUInt32LE(length, at);
  }
  return { offset: frame.offset, stored: frame.stored, plain: frame.plain, codec: frame.codec, blobs };
}
