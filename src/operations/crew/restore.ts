/**
 * A restore into a directory, or the comparison after it, by all workers: the parts between the first and the last are handed
 * out as workers become free, and read the vault through the main thread. What was begun by workers goes on without them.
 */
import type { Json } from '../../core/json.ts';
import type { RestoreContext, RestoreOutcome, Shard, Source, ValidationReport } from '../../sources/port.ts';
import type { Vault } from '../../vault/vault.ts';
import type { Crew, Hand } from './crew.ts';
import { FrameServer } from './frame-server.ts';
import { type FromWorker, type RestoreSetting, revived } from './messages.ts';

interface Part {
  readonly shard: Shard;
  readonly state?: Json;
  readonly outcome?: RestoreOutcome;
}

/** The state of a restore that was put down while it went on in parts. JSON. */
interface PartsState {
  readonly parts: readonly Part[];
}

type Answer = FromWorker & ({ readonly type: 'restored' } | { readonly type: 'validated' });

/** As `Source.restore`, with as many threads as there are and as the snapshot is worth. */
export async function restoreWith(
  crew: Crew | undefined,
  source: Source,
  state: Json | undefined,
  context: RestoreContext,
  vault: Vault,
): Promise<RestoreOutcome> {
  const begun = isParts(state) ? state.parts : undefined;
  if (begun === undefined && state !== undefined) return source.restore(state, context);
  const parts = begun ?? (await partsFor(crew, source, context)).map((shard): Part => ({ shard }));
  if (parts.length === 0) return source.restore(undefined, context);
  const outcomes = parts.map(({ outcome }) => outcome);
  const last = parts.length - 1;
  const alone = async (at: number): Promise<boolean> => {
    const { shard, state: before } = parts[at]!;
    outcomes[at] ??= await source.restore(before, { ...context, part: { shard, before: resultsOf(outcomes) } });
    return outcomes[at].done;
  };
  if (await alone(0)) {
    const middle = [...parts.keys()].slice(1, last).filter((at) => outcomes[at] === undefined);
    if (crew === undefined) {
      for (const at of middle) if (context.deadline.passed() || !(await alone(at))) break;
    } else if (middle.length > 0) {
      const setting = { ...settingOf(context, vault), task: 'restore', before: resultsOf(outcomes) } as const;
      await new Handing(crew, parts, middle, setting, context, vault).run((at, message) => {
        if (message.type === 'restored') outcomes[at] = message.outcome;
      });
    }
    if (outcomes.slice(0, last).every((outcome) => outcome?.done)) await alone(last);
  }
  return together(parts, outcomes);
}

/** As `Source.validate`, with as many threads as there are and as the snapshot is worth. */
export async function validateWith(
  crew: Crew | undefined,
  source: Source,
  context: RestoreContext,
  vault: Vault,
): Promise<ValidationReport> {
  const parts = (await partsFor(crew, source, context)).slice(1).map((shard): Part => ({ shard }));
  if (crew === undefined || parts.length === 0) return source.validate(context);
  const last = parts.length - 1;
  const reports: ValidationReport[] = [];
  const setting = { ...settingOf(context, vault), task: 'validate', before: [] } as const;
  await new Handing(crew, parts, [...parts.keys()].slice(0, last), setting, context, vault).run((at, message) => {
    if (message.type === 'validated') reports[at] = message.report;
  });
  const before = reports.flatMap(({ result }) => (result === undefined ? [] : [result]));
  reports.push(await source.validate({ ...context, part: { shard: parts[last]!.shard, before } }));
  const checked: Record<string, number> = {};
  for (const report of reports) {
    for (const [what, count] of Object.entries(report.checked)) checked[what] = (checked[what] ?? 0) + count;
  }
  return { checked, problems: reports.flatMap(({ problems }) => problems) };
}

async function partsFor(crew: Crew | undefined, source: Source, context: RestoreContext): Promise<readonly Shard[]> {
  if (crew === undefined || crew.size < 2) return [];
  return (await source.restoreParts?.(context, crew.size)) ?? [];
}

function settingOf(context: RestoreContext, vault: Vault): Omit<RestoreSetting, 'task' | 'before' | 'index'> {
  const { root, details, target, overwrite, deadline } = context;
  return {
    keys: vault.keys(),
    place: vault.store.name,
    ...{ root, details, target, overwrite, remaining: deadline.remaining() },
  };
}

function resultsOf(outcomes: readonly (RestoreOutcome | undefined)[]): Json[] {
  return outcomes.flatMap((outcome) => (outcome?.done && outcome.result !== undefined ? [outcome.result] : []));
}

function isParts(state: Json | undefined): state is Json & PartsState {
  return typeof state === 'object' && state !== null && 'parts' in state;
}

function together(parts: readonly Part[], outcomes: readonly (RestoreOutcome | undefined)[]): RestoreOutcome {
  const restored = { files: 0, bytes: 0 };
  for (const outcome of outcomes) {
    restored.files += outcome?.restored.files ?? 0;
    restored.bytes += outcome?.restored.bytes ?? 0;
  }
  const done = outcomes.flatMap((outcome) => (outcome?.done ? [outcome] : []));
  if (done.length === parts.length) {
    return { done: true, restored, problems: done.flatMap(({ problems }) => problems) };
  }
  const state: PartsState = {
    parts: parts.map(({ shard, state: before }, at): Part => {
      const outcome = outcomes[at];
      if (outcome?.done) return { shard, outcome };
      const now = outcome?.state ?? before;
      return { shard, ...(now !== undefined && { state: now }) };
    }),
  };
  return { done: false, state: JSON.parse(JSON.stringify(state)) as Json, restored };
}

class Handing {
  readonly #crew: Crew;
  readonly #parts: readonly Part[];
  readonly #todo: number[];
  readonly #setting: Omit<RestoreSetting, 'index'>;
  readonly #context: RestoreContext;
  readonly #vault: Vault;
  readonly #ended = Promise.withResolvers<void>();
  #session = 0;
  #underWay = 0;
  #some = false;

  constructor(
    crew: Crew,
    parts: readonly Part[],
    todo: readonly number[],
    setting: Omit<RestoreSetting, 'index'>,
    context: RestoreContext,
    vault: Vault,
  ) {
    this.#crew = crew;
    this.#parts = parts;
    this.#todo = [...todo];
    this.#setting = setting;
    this.#context = context;
    this.#vault = vault;
  }

  /** Ends when every part has been answered, or was not handed out as no time was left. */
  async run(answered: (at: number, answer: Answer) => void): Promise<void> {
    const index = await this.#vault.index();
    const frames = new FrameServer(this.#vault.store, index);
    const heard = async (hand: Hand, message: FromWorker): Promise<void> => {
      if (message.type === 'want') return frames.answer(hand, message);
      if (message.type === 'failed') throw revived(message.error);
      if (message.type === 'warn') this.#context.log.warn(message.code, message.fields);
      if (message.type !== 'restored' && message.type !== 'validated') return;
      answered(message.part, message);
      this.#next(hand);
    };
    const { session, hands } = this.#crew.open({
      heard: (hand, message) => void heard(hand, message).catch((error) => this.#ended.reject(error)),
      lost: (error) => this.#ended.reject(error),
    });
    this.#session = session;
    try {
      const setting = { ...this.#setting, index: index.tables() };
      for (const hand of hands) {
        hand.say({ type: 'open-restore', session, setting });
        this.#underWay += 1;
        this.#next(hand);
      }
      await this.#ended.promise;
    } finally {
      this.#crew.close(session, hands);
    }
  }

  #next(hand: Hand): void {
    this.#underWay -= 1;
    const late = this.#some && this.#context.deadline.passed();
    const at = late ? undefined : this.#todo.shift();
    if (at === undefined) {
      if (this.#underWay === 0) this.#ended.resolve();
      return;
    }
    this.#some = true;
    this.#underWay += 1;
    const { shard, state } = this.#parts[at]!;
    hand.say({ type: 'part', session: this.#session, part: at, shard, ...(state !== undefined && { state }) });
  }
}
