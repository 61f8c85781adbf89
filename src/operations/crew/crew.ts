/**
 * The workers of this process: started when first needed, kept for whatever comes after, and no reason for the process to
 * stay alive. A worker that dies fails the captures that it had a part in, and another one takes its place the next time.
 */
import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import { asTidemarkError, TidemarkError } from '../../core/errors.ts';
import { boundAllocator } from '../../sources/files/allocator.ts';
import type { FromWorker, ToWorker } from './messages.ts';

const maxYoungGenerationSizeMb = 8;

export interface Hand {
  /** What is in `transfer` is the worker's from then on. */
  say(message: ToWorker, transfer?: readonly ArrayBuffer[]): void;
}

export interface Listener {
  heard(hand: Hand, message: FromWorker): void;
  lost(error: TidemarkError): void;
}

export class Crew {
  /** How many workers there are at most. */
  readonly size: number;
  readonly #script: URL;
  readonly #workers: (Worker | undefined)[];
  readonly #listeners = new Map<number, Listener>();
  #sessions = 0;

  /** `script`: the module that begins a worker: `start.js`, or `worker.ts` bundled. */
  constructor(size: number, script: URL) {
    this.size = size;
    this.#script = script;
    this.#workers = new Array(size).fill(undefined);
  }

  /** Opens a session; `Listener` hears what the workers say in it. */
  open(listener: Listener): { readonly session: number; readonly hands: readonly Hand[] } {
    this.#sessions += 1;
    const session = this.#sessions;
    this.#listeners.set(session, listener);
    const hands = this.#workers.map((_, at): Hand => {
      const worker = this.#worker(at);
      worker.ref();
      return handOf(worker);
    });
    return { session, hands };
  }

  close(session: number, hands: readonly Hand[]): void {
    this.#listeners.delete(session);
    for (const hand of hands) hand.say({ type: 'close', session });
    if (this.#listeners.size > 0) return;
    for (const worker of this.#workers) worker?.unref();
  }

  /** Begins to start the workers, so that they are there when they are needed. */
  start(): void {
    for (const at of this.#workers.keys()) this.#worker(at);
  }

  /** Ends all workers; for whoever must not leave threads behind. */
  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker?.terminate()));
  }

  #worker(at: number): Worker {
    const known = this.#workers[at];
    if (known) return known;
    if (this.#workers.every((one) => one === undefined)) boundAllocator();
    const worker = new Worker(this.#script, {
      workerData: { compileCache: getCompileCacheDir() },
      // entries are many and short-lived: more room for the young means fewer and cheaper collections
      resourceLimits: { maxYoungGenerationSizeMb },
    });
    this.#workers[at] = worker;
    worker.unref();
    const hand = handOf(worker);
    worker.on('message', (message: FromWorker) => this.#listeners.get(message.session)?.heard(hand, message));
    const lost = (error: TidemarkError): void => {
      if (this.#workers[at] !== worker) return;
      this.#workers[at] = undefined;
      for (const listener of [...this.#listeners.values()]) listener.lost(error);
    };
    worker.on('error', (error) => lost(asTidemarkError(error)));
    worker.on('exit', (code) => {
      lost(new TidemarkError('Unexpected', `a worker ended with code ${code} while it was at work`));
    });
    return worker;
  }
}

function handOf(worker: Worker): Hand {
  return { say: (message, transfer = []) => worker.postMessage(message, transfer) };
}
