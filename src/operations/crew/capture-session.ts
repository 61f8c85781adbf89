/** A worker's part in a capture: it reads files, cuts, names, frames, compresses and seals. */

import { systemClock } from '../../core/clock.ts';
import { fail } from '../../core/errors.ts';
import { systemRandom } from '../../core/random.ts';
import { capturing } from '../../sources/files/capture/capture.ts';
import type { CaptureContext, Source, SourceSpec } from '../../sources/port.ts';
import { createCipher, type VaultCipher } from '../../vault/cipher.ts';
import { BlobReader } from '../../vault/reader.ts';
import { SharedIndex } from '../../vault/shared-index.ts';
import { BlobSink } from '../../vault/writing/blob-sink.ts';
import { Claims, knownTo } from '../../vault/writing/claims.ts';
import type { CaptureSetting, FrameAnswer } from './messages.ts';
import type { ServedFrames } from './served-frames.ts';
import { deadlineOf, framesServed, logOf, type PartAsked, type Session, say } from './session.ts';

/** Frames that may be on their way to the main thread, or wait there until their pack has room. */
const framesAhead = 1;
/** Bytes of frames with listings of the snapshot before. */
const listingsKept = 24 * 1024 * 1024;

export class CaptureSession implements Session {
  readonly #number: number;
  readonly #source: Pick<Source, 'capture'>;
  readonly #sink: BlobSink;
  readonly #frames: ServedFrames;
  readonly #reader: BlobReader;
  readonly #context: CaptureContext;
  #ahead = 0;
  #closed = false;
  #room: (() => void) | undefined;

  constructor(number: number, setting: CaptureSetting) {
    this.#number = number;
    this.#source = sourceOf(setting.source);
    const { config, master } = setting.keys;
    const cipher = createCipher(config, master, systemRandom);
    const index = new SharedIndex(setting.index);
    this.#sink = this.#sinkOf(cipher, config.frame, index, new Claims(setting.claims));
    this.#frames = framesServed(number, setting.place, cipher);
    this.#reader = new BlobReader(index, this.#frames, cipher, listingsKept);
    const { previous, cadence, revision, remaining } = setting;
    const deadline = deadlineOf(remaining, () => this.#closed);
    this.#context = {
      sink: this.#sink,
      previous: previous && { ...previous, tree: (id) => this.#reader.tree(id) },
      ...{ cadence, revision, deadline, clock: systemClock, log: logOf(number) },
    };
  }

  async part({ part, shard, state }: PartAsked): Promise<void> {
    const outcome = await this.#source.capture(shard, state, this.#context);
    say({ type: 'captured', session: this.#number, part, outcome });
  }

  async flush(): Promise<void> {
    await this.#sink.flush();
    while (this.#ahead > 0 && !this.#closed) await this.#hasRoom();
    say({ type: 'flushed', session: this.#number });
  }

  taken(): void {
    this.#ahead -= 1;
    this.#room?.();
    this.#room = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#frames.close();
    this.#room?.();
  }

  frame(number: number, answer: FrameAnswer): void {
    this.#frames.take(number, answer);
  }

  #sinkOf(cipher: VaultCipher, frameSize: number, index: SharedIndex, claims: Claims): BlobSink {
    const known = knownTo(index, claims);
    return new BlobSink(cipher, frameSize, known, (kind, frame) => {
      const buffers = [frame.bytes.buffer, frame.blobs.buffer] as ArrayBuffer[];
      say({ type: 'packed', session: this.#number, kind, frame }, buffers);
      this.#ahead += 1;
      return this.#ahead > framesAhead && !this.#closed ? this.#hasRoom() : undefined;
    });
  }

  #hasRoom(): Promise<void> {
    const before = this.#room;
    return new Promise((resolve) => {
      this.#room = () => {
        before?.();
        resolve();
      };
    });
  }
}

function sourceOf({ kind, options }: SourceSpec): Pick<Source, 'capture'> {
  if (kind === 'files') return capturing(options as unknown as Parameters<typeof capturing>[0]);
  return fail('Unexpected', `a worker cannot capture sources of the kind ${kind}`);
}
