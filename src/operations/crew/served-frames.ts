/** The frames of a vault for a worker: the main thread reads them. Whoever waits for one when the session ends waits no longer. */
import { TidemarkError } from '../../core/errors.ts';
import type { VaultCipher } from '../../vault/cipher.ts';
import type { Frames } from '../../vault/reader.ts';
import type { StoredFrame } from '../../vault/stored-frames.ts';
import { type FrameAnswer, revived } from './messages.ts';

export class ServedFrames implements Frames {
  readonly name: string;
  readonly #cipher: VaultCipher;
  readonly #ask: (frame: number) => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<StoredFrame>>();

  constructor(name: string, cipher: VaultCipher, ask: (frame: number) => void) {
    this.name = name;
    this.#cipher = cipher;
    this.#ask = ask;
  }

  async fetch(frame: number): Promise<Buffer> {
    const waiting = Promise.withResolvers<StoredFrame>();
    this.#waiting.set(frame, waiting);
    this.#ask(frame);
    const { codec, bytes, plain } = await waiting.promise;
    return this.#cipher.openFrame(codec, bytes, plain);
  }

  after(): readonly number[] {
    return [];
  }

  packOf(): undefined {
    return undefined;
  }

  take(frame: number, answer: FrameAnswer): void {
    const waiting = this.#waiting.get(frame);
    this.#waiting.delete(frame);
    if ('error' in answer) waiting?.reject(revived(answer.error));
    else waiting?.resolve(answer);
  }

  close(): void {
    const ended = new TidemarkError('Unexpected', 'the session has ended');
    for (const { reject } of this.#waiting.values()) reject(ended);
    this.#waiting.clear();
  }
}
