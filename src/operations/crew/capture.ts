/**
 * One shard captured by all workers: its parts are handed out as workers become free, their frames gathered into packs, and
 * their results joined. Equal content gives equal ids, however many workers there are and whoever gets which part.
 */
import type { Json } from '../../core/json.ts';
import type { CaptureContext, CaptureOutcome, Shard, Source, SourceSpec } from '../../sources/port.ts';
import type { Vault } from '../../vault/vault.ts';
import type { BlobWriter } from '../../vault/writer.ts';
import type { Crew, Hand } from './crew.ts';
import { FrameServer } from './frame-server.ts';
import { type FromWorker, revived } from './messages.ts';

interface Part {
  readonly shard: Shard;
  readonly state?: Json;
  readonly outcome?: CaptureOutcome;
}

/** The state of a shard that was put down while it was captured in parts. */
interface PartsState {
  readonly parts: readonly {
    readonly shard: Shard;
    readonly state?: Json;
    readonly result?: Json;
    readonly files: number;
    readonly bytes: number;
  }[];
}

export interface CaptureWork {
  readonly source: Source;
  readonly shard: Shard;
  readonly state: Json | undefined;
  readonly context: CaptureContext;
  readonly vault: Vault;
  readonly writer: BlobWriter;
}

/** As `Source.capture`, with as many threads as there are and as the shard is worth. */
export async function captureWith(crew: Crew | undefined, work: CaptureWork): Promise<CaptureOutcome> {
  const { source, shard, state, context } = work;
  const division = await source.division?.();
  if (division === undefined) return source.capture(shard, state, context);
  const before = isParts(state) ? state : undefined;
  if (before === undefined && (crew === undefined || crew.size < 2 || state !== undefined)) {
    return source.capture(shard, state, context);
  }
  const parts: Part[] =
    before === undefined
      ? (await division.parts(shard, context, crew!.size)).map((part) => ({ shard: part }))
      : before.parts.map(({ result, files, bytes, ...part }) =>
          result === undefined ? part : { ...part, outcome: { done: true, result, progress: { files, bytes } } },
        );
  if (parts.length < 2 && before === undefined) return source.capture(shard, state, context);
  const outcomes =
    crew === undefined
      ? await oneByOne(parts, source, context)
      : await new ParallelCapture(crew, work, division.spec, parts).run();
  return whole(parts, outcomes, division.join);
}

/** What was begun by workers goes on without them too. */
async function oneByOne(parts: readonly Part[], source: Source, context: CaptureContext): Promise<CaptureOutcome[]> {
  const outcomes: CaptureOutcome[] = [];
  for (const { shard, state, outcome } of parts) {
    if (outcome === undefined && context.deadline.passed() && outcomes.length > 0) break;
    outcomes.push(outcome ?? (await source.capture(shard, state, context)));
  }
  return outcomes;
}

function whole(
  parts: readonly Part[],
  outcomes: readonly (CaptureOutcome | undefined)[],
  join: (results: readonly Json[]) => Json,
): CaptureOutcome {
  const progress = { files: 0, bytes: 0 };
  for (const outcome of outcomes) {
    progress.files += outcome?.progress.files ?? 0;
    progress.bytes += outcome?.progress.bytes ?? 0;
  }
  const results = outcomes.flatMap((outcome) => (outcome?.done ? [outcome.result] : []));
  if (results.length === parts.length) return { done: true, result: join(results), progress };
  const state: PartsState = {
    parts: parts.map(({ shard, state: before }, at) => {
      const outcome = outcomes[at];
      const { files, bytes } = outcome?.progress ?? { files: 0, bytes: 0 };
      const rest = outcome?.done ? { result: outcome.result } : { state: outcome?.state ?? before };
      return { shard, files, bytes, ...(rest as { state?: Json; result?: Json }) };
    }),
  };
  return { done: false, state: JSON.parse(JSON.stringify(state)) as Json, progress };
}

function isParts(state: Json | undefined): state is Json & PartsState {
  return typeof state === 'object' && state !== null && 'parts' in state;
}

class ParallelCapture {
  readonly #crew: Crew;
  readonly #work: CaptureWork;
  readonly #spec: SourceSpec;
  readonly #parts: readonly Part[];
  readonly #outcomes: (CaptureOutcome | undefined)[];
  readonly #frames: FrameServer;
  readonly #todo: number[];
  #session = 0;
  #underWay = 0;
  #flushing = 0;
  readonly #ended = Promise.withResolvers<void>();

  constructor(crew: Crew, work: CaptureWork, spec: SourceSpec, parts: readonly Part[]) {
    this.#crew = crew;
    this.#spec = spec;
    this.#work = work;
    this.#parts = parts;
    this.#outcomes = parts.map(({ outcome }) => outcome);
    this.#todo = [...parts.keys()].filter((part) => parts[part]!.outcome === undefined);
    this.#frames = new FrameServer(work.vault.store, work.writer.index);
  }

  /** The outcomes of the parts; undefined for those that no time was left for. */
  async run(): Promise<readonly (CaptureOutcome | undefined)[]> {
    const { context, vault, writer } = this.#work;
    const { session, hands } = this.#crew.open({
      heard: (hand, message) => void this.#heard(hand, message).catch((error) => this.#ended.reject(error)),
      lost: (error) => this.#ended.reject(error),
    });
    this.#session = session;
    try {
      const { previous, cadence, revision, deadline } = context;
      const setting = {
        keys: vault.keys(),
        index: writer.index.tables(),
        place: vault.store.name,
        claims: writer.claims,
        source: this.#spec,
        previous: previous && withoutTree(previous),
        ...{ cadence, revision, remaining: deadline.remaining() },
      };
      for (const hand of hands) {
        hand.say({ type: 'open-capture', session, setting });
        this.#underWay += 1;
        this.#next(hand);
      }
      await this.#ended.promise;
      return this.#outcomes;
    } finally {
      this.#crew.close(session, hands);
    }
  }

  /** Hands out the next part; when none is left and none is under way, has the workers hand over what they hold. */
  #next(hand: Hand): void {
    this.#underWay -= 1;
    const late = this.#outcomes.some((outcome) => outcome !== undefined) && this.#work.context.deadline.passed();
    const part = late ? undefined : this.#todo.shift();
    if (part !== undefined) {
      this.#underWay += 1;
      const { shard, state } = this.#parts[part]!;
      hand.say({ type: 'part', session: this.#session, part, shard, ...(state !== undefined && { state }) });
      return;
    }
    // early, while others are still at work: a half-full frame need not wait for them
    hand.say({ type: 'flush', session: this.#session });
    this.#flushing += 1;
  }

  async #heard(hand: Hand, message: FromWorker): Promise<void> {
    const { writer, context } = this.#work;
    const session = this.#session;
    switch (message.type) {
      case 'packed': {
        const { blobs, ...frame } = message.frame;
        const records = Buffer.from(blobs.buffer, blobs.byteOffset, blobs.byteLength);
        await writer.addFrame(message.kind, { ...frame, blobs: records });
        hand.say({ type: 'taken', session });
        return;
      }
      case 'want':
        return this.#frames.answer(hand, message);
      case 'captured':
        this.#outcomes[message.part] = message.outcome;
        this.#next(hand);
        return;
      case 'flushed':
        this.#flushing -= 1;
        if (this.#underWay === 0 && this.#flushing === 0) this.#ended.resolve();
        return;
      case 'failed':
        throw revived(message.error);
      case 'warn':
        context.log.warn(message.code, message.fields);
    }
  }
}

function withoutTree({
  tree: _,
  reader: __,
  ...previous
}: NonNullable<CaptureContext['previous']>): Omit<NonNullable<CaptureContext['previous']>, 'tree' | 'reader'> {
  return previous;
}
