/**
 * The walk over a source, or over one shard of it: depth first, names in byte order, a directory's listing stored when all
 * of its children are done. It can be put down between any two entries and inside a large file, and goes on from its state
 * to the same result. Speed comes from doing nothing twice: one `lstat` an entry, one `open` a changed file, and between
 * two files neither a promise nor a closure.
 */
import type { CaptureContext } from '../../port.ts';
import type { RawPath } from '../raw-path.ts';
import { attempts, FileContent, type Suspended } from './content.ts';
import type { Exclude } from './exclude.ts';
import { type Bound, type Frame, type FrameState, type OpenDirectory, openOf, stateOf } from './frame.ts';
import type { Root } from './root.ts';
import { Settling } from './settling.ts';
import { DirectoryStack } from './stack.ts';
import { Tally, type TallyState } from './tally.ts';
import { type Step, Visitor } from './visit.ts';

export interface WalkOptions {
  readonly root: Root;
  readonly exclude: Exclude | undefined;
  readonly from: Bound;
  readonly to: Bound;
  readonly context: CaptureContext;
}

export interface WalkState {
  /** The snapshot that this walk compares with; going on with another one is going on without. */
  readonly previous: string | null;
  readonly frames: readonly FrameState[];
  /** The large file, next in the last frame, that the walk stopped in. */
  readonly file?: Suspended;
  readonly tally: TallyState;
}

/** How much is done before results of other threads get their turn. */
const turn = { entries: 256, bytes: 4 * 1024 * 1024 };

export class Walk {
  readonly tally: Tally;
  readonly #options: WalkOptions;
  readonly #stack: DirectoryStack;
  readonly #content: FileContent;
  readonly #settling = new Settling();
  readonly #visitor: Visitor;
  readonly #readBefore: number;
  #resume: Suspended | undefined;
  #entries = 0;
  #bytes = 0;

  private constructor(options: WalkOptions, state: WalkState | undefined) {
    const { sink, previous, cadence } = options.context;
    this.#options = options;
    this.tally = new Tally(state?.tally);
    this.#readBefore = this.tally.totals.read;
    this.#content = new FileContent(sink);
    this.#resume = state?.file;
    const sameAsBefore = state === undefined || state.previous === (previous?.id ?? null);
    const limits = previous?.details.limits;
    this.#visitor = new Visitor({
      sink,
      exclude: options.exclude,
      tally: this.tally,
      content: this.#content,
      settling: this.#settling,
      entriesHold: !(Array.isArray(limits) && limits.length > 0),
    });
    this.#stack = new DirectoryStack({
      context: options.context,
      visitor: this.#visitor,
      tally: this.tally,
      comparing: previous !== undefined && cadence !== 'full' && sameAsBefore,
    });
  }

  static async start(options: WalkOptions, state: WalkState | undefined): Promise<Walk> {
    const walk = new Walk(options, state);
    try {
      await walk.#stack.open(options.root, options.from, options.to, state?.frames ?? []);
    } catch (error) {
      walk.#stack.close();
      throw error;
    }
    return walk;
  }

  /** Walks until the end (the root, still open) or until the deadline (the state to go on from). */
  async run(): Promise<OpenDirectory | WalkState> {
    const { sink, deadline } = this.#options.context;
    try {
      for (;;) {
        const frame = this.#stack.top;
        const name = frame.names[frame.next];
        if (name !== undefined) {
          const step = this.#visitor.visit(frame, name, false);
          if (step !== undefined && !(await this.#follow(frame, name, step))) return this.#state();
          frame.next += 1;
          frame.after = name;
        } else if (this.#stack.frames.length === 1) {
          return openOf(frame);
        } else {
          this.#stack.leave();
        }
        const full = sink.drain();
        if (full !== undefined) await full;
        this.#entries += 1;
        if (this.#entries >= turn.entries || this.#content.read - this.#bytes >= turn.bytes) await this.#giveTurn();
        if (deadline.passed()) return this.#state();
      }
    } finally {
      this.tally.totals.read = this.#readBefore + this.#content.read;
      this.#stack.close();
    }
  }

  /** Does what a visit could not do at once. False when the walk has to stop inside this name. */
  async #follow(frame: Frame, name: RawPath, first: Step): Promise<boolean> {
    let step: Step | undefined = first;
    let trusting = false;
    for (let tries = 0; step !== undefined; tries += 1) {
      if (step.kind === 'directory') {
        await this.#stack.enter(frame, name, step);
        return true;
      }
      if (step.kind === 'large') {
        const read = await this.#readLarge(frame, name, step);
        if (read !== 'replaced') return read;
        step = { kind: 'replaced' };
      }
      if (step.kind === 'replaced' && tries >= attempts) {
        this.#visitor.problem(frame, name, 'was replaced again and again while it was captured');
        return true;
      }
      if (step.kind === 'unsettled') {
        await this.#settling.settle(step.changed);
        trusting = true;
      }
      step = this.#visitor.visit(frame, name, trusting);
    }
    return true;
  }

  async #readLarge(frame: Frame, name: RawPath, step: Step & { kind: 'large' }): Promise<boolean | 'replaced'> {
    const { sink, deadline } = this.#options.context;
    const resume = this.#resume;
    this.#resume = undefined;
    let poured = 0;
    const pause = async (bytes: number): Promise<boolean> => {
      const full = sink.drain();
      if (full !== undefined) await full;
      poured += bytes;
      if (poured >= turn.bytes) {
        poured = 0;
        await this.#giveTurn();
      }
      return deadline.passed();
    };
    try {
      const reading = await this.#content.large(step.path, resume, pause);
      if (reading === 'replaced') return 'replaced';
      if ('stream' in reading) {
        this.#resume = reading;
        return false;
      }
      this.#visitor.finish(frame, name, step.path, reading, step.settled);
    } catch (error) {
      if (this.#visitor.fault(frame, name, error) !== undefined) return 'replaced';
    }
    return true;
  }

  async #giveTurn(): Promise<void> {
    this.#entries = 0;
    this.#bytes = this.#content.read;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #state(): WalkState {
    this.tally.totals.read = this.#readBefore + this.#content.read;
    return {
      previous: this.#options.context.previous?.id ?? null,
      frames: this.#stack.frames.map(stateOf),
      ...(this.#resume && { file: this.#resume }),
      tally: this.tally.state(),
    };
  }
}
