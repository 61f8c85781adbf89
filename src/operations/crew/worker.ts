/**
 * A worker: captures parts of a source. It reads files, cuts, names, frames, compresses and seals; the store, the index and
 * the packs are the main thread's. Several captures may share it; each is a session.
 */
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../../core/clock.ts';
import { type Deadline, deadlineIn, noDeadline } from '../../core/deadline.ts';
import { asTidemarkError, fail } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Log } from '../../core/log.ts';
import { systemRandom } from '../../core/random.ts';
import { capturing } from '../../sources/files/capture/capture.ts';
import type { CaptureContext, Shard, Source, SourceSpec } from '../../sources/port.ts';
import { examinePack } from '../../vault/check.ts';
import { createCipher, type VaultCipher } from '../../vault/cipher.ts';
import { SharedIndex } from '../../vault/shared-index.ts';
import { BlobSink } from '../../vault/writing/blob-sink.ts';
import { Claims, knownTo } from '../../vault/writing/claims.ts';
import { type CaptureSetting, type FrameAnswer, type FromWorker, plainError, type ToWorker } from './messages.ts';
import { SharedFrames } from './shared-frames.ts';

/** Frames that may be on their way to the main thread, or wait there until their pack has room. */
const framesAhead = 1;

class Session {
  readonly #number: number;
  readonly #source: Pick<Source, 'capture'>;
  readonly #sink: BlobSink;
  readonly #frames: SharedFrames;
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
    this.#frames = new SharedFrames(index, cipher, (frame) => say({ type: 'want', session: number, number: frame }));
    const { previous, cadence, revision, remaining } = setting;
    const own = Number.isFinite(remaining) ? deadlineIn(systemClock, remaining) : noDeadline;
    // what nobody waits for any more puts itself down as if its time were over
    const deadline: Deadline = { remaining: own.remaining, passed: () => this.#closed || own.passed() };
    this.#context = {
      sink: this.#sink,
      previous: previous && { ...previous, tree: (id) => this.#frames.tree(id) },
      ...{ cadence, revision, deadline, clock: systemClock, log: this.#log() },
    };
  }

  async capture(part: number, shard: Shard, state: Json | undefined): Promise<void> {
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

  #log(): Log {
    const tell = (code: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      say({ type: 'warn', session: this.#number, code, fields: { ...fields } });
    const log: Log = { debug: () => {}, info: () => {}, warn: tell, error: tell, with: () => log };
    return log;
  }
}

function sourceOf({ kind, options }: SourceSpec): Pick<Source, 'capture'> {
  if (kind === 'files') return capturing(options as unknown as Parameters<typeof capturing>[0]);
  return fail('Unexpected', `a worker cannot capture sources of the kind ${kind}`);
}

function say(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transfer);
}

const sessions = new Map<number, Session>();
/** By session: packs of one vault are examined with one cipher. */
const ciphers = new Map<number, VaultCipher>();

async function examine({ session, keys, pack, bytes }: ToWorker & { type: 'examine' }): Promise<void> {
  const cipher = ciphers.get(session) ?? createCipher(keys.config, keys.master, systemRandom);
  ciphers.set(session, cipher);
  const fault = await examinePack(cipher, pack, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  say({ type: 'examined', session, pack, fault });
}

async function obey(message: ToWorker): Promise<void> {
  if (message.type === 'open') {
    sessions.set(message.session, new Session(message.session, message.setting));
    return;
  }
  if (message.type === 'examine') return examine(message);
  if (message.type === 'close') ciphers.delete(message.session);
  const session = sessions.get(message.session);
  if (session === undefined) return; // closed already: another worker's failure ended it
  if (message.type === 'part') await session.capture(message.part, message.shard, message.state);
  else if (message.type === 'taken') session.taken();
  else if (message.type === 'frame') session.frame(message.number, message.answer);
  else if (message.type === 'flush') await session.flush();
  else {
    sessions.delete(message.session);
    session.close();
  }
}

parentPort?.on('message', (message: ToWorker) => {
  obey(message).catch((error: unknown) => {
    say({ type: 'failed', session: message.session, error: plainError(asTidemarkError(error)) });
  });
});
