/**
 * Gathers blobs into frames. A full frame is compressed (and sealed) on the thread pool while the next fills, and handed on
 * in order, so equal input gives equal frames. Memory is bounded as long as the caller waits for `drain()`.
 */
import type { FrameCodec } from '../../codec/compress.ts';
import type { BlobId } from '../../format/blob.ts';
import { blobRecordLength } from '../../format/index.ts';
import type { VaultCipher } from '../cipher.ts';

/** A frame as it is stored. */
export interface PackedFrame {
  readonly codec: FrameCodec;
  readonly bytes: Uint8Array;
  /** Bytes before compression. */
  readonly plain: number;
  /** Records of the blobs in it, in order: id (32 bytes), u32 length. */
  readonly blobs: Buffer;
}

/** Takes a frame. A promise is waited for before the next frame is handed on: back-pressure. */
export type FrameTaker = (frame: PackedFrame) => Promise<void> | undefined;

interface OpenFrame {
  readonly buffer: Buffer;
  used: number;
  records: Buffer;
  recorded: number;
}

const framesInFlight = 1;

export class FrameBuilder {
  readonly #cipher: VaultCipher;
  readonly #size: number;
  readonly #take: FrameTaker;
  readonly #spare: Buffer[] = [];
  #frame: OpenFrame | undefined;
  #frames = 0;
  /** Frames are handed on in the order in which they were closed: each waits for the one before. */
  #tail: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  /** `size`: plain bytes of a frame, about. */
  constructor(cipher: VaultCipher, size: number, take: FrameTaker) {
    this.#cipher = cipher;
    this.#size = size;
    this.#take = take;
  }

  /** Copies a blob in. The caller knows that it is new. */
  add(id: BlobId, bytes: Uint8Array): void {
    if (this.#frame && this.#frame.used + bytes.length > this.#frame.buffer.length) this.#close();
    this.#frame ??= {
      buffer: this.#buffer(bytes.length),
      used: 0,
      records: Buffer.allocUnsafeSlow(512 * blobRecordLength),
      recorded: 0,
    };
    const frame = this.#frame;
    frame.buffer.set(bytes, frame.used);
    frame.used += bytes.length;
    if (frame.recorded === frame.records.length) {
      const grown = Buffer.allocUnsafeSlow(frame.records.length * 2);
      frame.records.copy(grown);
      frame.records = grown;
    }
    frame.records.write(id, frame.recorded, 'hex');
    frame.recorded = frame.records.writeUInt32LE(bytes.length, frame.recorded + 32);
  }

  /** True when the caller should wait for `drain()` before adding more. */
  get busy(): boolean {
    return this.#failure !== undefined || this.#frames > framesInFlight;
  }

  /** Resolves when there is room again; rejects when a frame could not be made or handed on. */
  async drain(): Promise<void> {
    while (this.#failure === undefined && this.#frames > framesInFlight) await this.#tail;
    if (this.#failure) throw this.#failure.error;
  }

  /** Closes what is open and resolves when every frame is handed on. Blobs may be added afterwards. */
  async flush(): Promise<void> {
    if (this.#frame) this.#close();
    await this.#tail;
    if (this.#failure) throw this.#failure.error;
  }

  #buffer(least: number): Buffer {
    if (least > this.#size) return Buffer.allocUnsafeSlow(least);
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  #close(): void {
    const { buffer, used, records, recorded } = this.#frame!;
    this.#frame = undefined;
    this.#frames += 1;
    const packing = this.#cipher.packFrame(buffer.subarray(0, used));
    packing.catch(() => {}); // looked at below, after the frames before it
    this.#tail = this.#tail
      .then(async () => {
        const { codec, bytes } = await packing;
        if (this.#failure) return;
        // copied: what the compressor gave lies in a buffer of a whole frame's size, or it is the buffer that is used again
        const packed = { codec, bytes: new Uint8Array(bytes), plain: used, blobs: records.subarray(0, recorded) };
        if (buffer.length === this.#size) this.#spare.push(buffer);
        await this.#take(packed);
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#frames -= 1;
      });
  }
}
