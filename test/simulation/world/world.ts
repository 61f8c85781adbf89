/**
 * One world: vaults, sources, people who are told, and the functions and workflows of Tidemark as they are deployed, all of
 * it in this process, on virtual time. What goes wrong in it is the weather's matter, and whether it may, the judge's.
 */
import './synchronous.ts';
import { rulesOf } from '../../../events/rules.ts';
import type { Dependencies } from '../../../functions/dependencies.ts';
import { functionNames, functionOf, functions } from '../../../functions/index.ts';
import { createEngine, type Engine, type ExecutionRecord } from '../../../local/engine.ts';
import { type Bus, createBus, statusEvent } from '../../../local/events.ts';
import { StateFailure } from '../../../local/failure.ts';
import { createInvoker } from '../../../local/invoke.ts';
import type { Alert } from '../../../src/alerts/port.ts';
import { canonicalJson, type Json } from '../../../src/core/json.ts';
import type { Log } from '../../../src/core/log.ts';
import { layout } from '../../../src/format/layout.ts';
import { createVaults } from '../../../src/operations/vaults.ts';
import { type Plan, parsePlan } from '../../../src/plan/index.ts';
import { retrying } from '../../../src/storage/retrying.ts';
import { Judge } from '../judge/judge.ts';
import type { Policy } from '../judge/promise.ts';
import type { Chance } from './chance.ts';
import type { Climate } from './climate.ts';
import { Container } from './container.ts';
import { Medium, type Stored } from './medium.ts';
import { Origin, stockOf } from './origin.ts';
import { simulatedSource, type Targets } from './source.ts';
import { SimulatedStore } from './store.ts';
import { Timeline } from './timeline.ts';
import { Weather } from './weather.ts';

export interface WorldWishes {
  readonly chance: Chance;
  readonly climate: Climate;
  readonly policy: Policy;
  readonly replicas: number;
  /** `data`, `config` or both. */
  readonly sources: readonly string[];
  /** The vault is there already, with small sizes; else the first backup makes it. */
  readonly founded: boolean;
  readonly start?: string;
  /** What lies in each vault to begin with. */
  readonly holdings?: readonly ReadonlyMap<string, Stored>[];
  /** Lines of the record to keep. */
  readonly keep?: number;
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent };

/** So small that a few files are a few packs. */
const sizes = { chunk: { minimum: 64, average: 128, maximum: 256 }, frame: 300, pack: 600 };

export class World {
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly judge: Judge;
  readonly chance: Chance;
  readonly plan: Plan;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly targets: Targets = new Map();
  readonly alerts: { readonly alert: Alert; readonly at: number }[] = [];
  readonly media: readonly Medium[];
  readonly engine: Engine;
  readonly bus: Bus;
  /** Told of every execution that has ended. */
  onEnd: (record: ExecutionRecord) => void = () => {};
  readonly #containers: Container[] = [];
  readonly #idle = new Map<string, { container: Container; invoke: ReturnType<typeof createInvoker> }[]>();

  constructor(wishes: WorldWishes) {
    const { chance, climate, policy, replicas } = wishes;
    this.chance = chance;
    this.timeline = new Timeline(wishes.start ?? '2026-03-05T00:00:00Z');
    this.weather = new Weather(this.timeline, chance.apart(), climate, wishes.keep ?? 400);
    this.plan = planOf(policy, replicas, wishes.sources);
    const stock = stockOf(chance);
    const now = this.timeline.now;
    this.origins = new Map(
      wishes.sources.map((id) => [id, new Origin(id, id === 'data' ? 'files' : 'git', chance.apart(), stock, now)]),
    );
    this.judge = new Judge(replicas + 1, {
      now: () => this.timeline.now,
      origins: this.origins,
      policy,
      skew: climate.skew * 2 + 1,
      container: (number) => this.#containers[number],
    });
    this.media = Array.from({ length: replicas + 1 }, (_, vault) => new Medium(vault, this.judge.changed));
    if (wishes.holdings) this.#load(wishes.holdings);
    else if (wishes.founded) this.#found();
    const clock = this.timeline.clock();
    const random = chance.apart();
    this.engine = createEngine({
      clock,
      random,
      functionOf,
      call: (name, input) => this.call(name, input),
      onEvent: ({ kind, state, execution, error, waitMilliseconds }) => {
        if (kind === 'retried') this.weather.note(`${execution} ${state} again in ${waitMilliseconds} ms: ${error}`);
      },
      onStatus: (record) => {
        this.weather.note(`${record.workflow} ${record.name} ${record.status} ${record.error ?? ''}`);
        if (record.status !== 'RUNNING') this.onEnd(record);
        this.bus.publish(statusEvent(record));
      },
    });
    this.bus = createBus({
      rules: rulesOf(this.plan),
      clock,
      call: (name, input) => this.call(name, input),
      start: (workflow, input, name) => this.engine.start(workflow, input, name),
    });
  }

  /** What each vault holds, to begin another world with. */
  get holdings(): readonly ReadonlyMap<string, Stored>[] {
    return this.media.map(({ objects }) => new Map(objects));
  }

  #load(holdings: readonly ReadonlyMap<string, Stored>[]): void {
    for (const [vault, objects] of holdings.entries()) {
      for (const [key, stored] of objects) {
        this.media[vault]!.objects.set(key, stored);
        this.judge.shelves[vault]!.take({ vault, key, before: undefined, now: stored, by: 0 }, stored.modified);
      }
      if ([...this.judge.shelves[vault]!.packs.values()].includes(false)) this.judge.damaged = this.timeline.now - 1;
    }
  }

  /** A new process, with nothing in its memory. */
  container(what: string): { container: Container; dependencies: Dependencies } {
    const { chance, weather, plan, timeline } = this;
    const { climate } = weather;
    const skew = climate.skew === 0 ? 0 : chance.between(-climate.skew, climate.skew);
    const container = new Container(this.#containers.length, what, timeline, skew);
    this.#containers.push(container);
    const { clock } = container;
    const random = chance.apart();
    const stores = this.media.map((medium) => {
      const store = new SimulatedStore(medium, container, weather);
      return climate.retried ? retrying(store, { clock, random }) : store;
    });
    const alive = (): boolean => !container.dead;
    const dependencies: Dependencies = {
      plan,
      vaults: createVaults(stores, 'none', clock, { random }),
      clock,
      random,
      log: silent,
      scratch: '/scratch',
      alerts: container.alerts(
        async (alert) => {
          this.alerts.push({ alert, at: timeline.now });
          weather.note(`people hear: ${alert.state} ${alert.severity} ${alert.trouble}`);
        },
        () => chance.happens(weather.climate.alertsLost),
      ),
      source: (id) => simulatedSource(this.origins.get(id)!, this.targets, chance, alive),
      sourceOfKind: () => {
        throw new Error('every source of the simulation is in its plan');
      },
    };
    return { container, dependencies };
  }

  /** Lambda: one invocation, in a container that is idle or a new one. */
  call(name: string, input: Json): Promise<Json> {
    const { weather, chance, timeline } = this;
    const { climate } = weather;
    return new Promise((resolve, reject) => {
      const refuse = (error: string): void => reject(new StateFailure(error, failureText(error, name)));
      if (chance.happens(climate.refusals)) {
        timeline.after(200, () => refuse('Lambda.TooManyRequestsException'));
        return;
      }
      const twin = chance.happens(climate.twins);
      timeline.after(chance.between(1, 300), () => {
        const room = this.#take(name);
        const { container } = room;
        const limit = timeline.after(weather.climate.limit, () => container.kill('Sandbox.Timedout'));
        const end = (): void => {
          timeline.cancel(limit);
          container.end();
          if (!container.dead) this.#idle.set(name, [...(this.#idle.get(name) ?? []), room]);
        };
        container.begin((error) => {
          weather.note(`${container.name} dies: ${error}`);
          timeline.cancel(limit);
          timeline.after(1_000, () => refuse(error));
        });
        // the answer is lost on its way while the work goes on: whoever asked asks again
        if (twin) timeline.after(chance.between(100, 20_000), () => refuse('Lambda.SdkClientException'));
        room.invoke(name, input).then(
          (output) => {
            if (container.dead) return;
            end();
            weather.note(`${container.name} ends`);
            resolve(output);
          },
          (error: Error) => {
            if (container.dead) return;
            end();
            weather.note(`${container.name} fails: ${error.name} ${messageIn(error)}`);
            reject(error);
          },
        );
      });
    });
  }

  /** An operator's own process: does `work` with what functions are given. */
  operate<Result>(work: (dependencies: Dependencies) => Promise<Result>): Promise<Result | undefined> {
    const { container, dependencies } = this.container('operator');
    const died = new Promise<undefined>((resolve) => container.begin(() => resolve(undefined)));
    return Promise.race([work(dependencies), died]);
  }

  /** Ends what is still in memory. Nothing of this world may be used afterwards. */
  async close(): Promise<void> {
    for (const container of this.#containers) container.clearAway();
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  #take(name: string): { container: Container; invoke: ReturnType<typeof createInvoker> } {
    const idle = this.#idle.get(name) ?? [];
    const warm = idle.pop();
    // what an invocation left running may have ended it since
    if (warm && !warm.container.dead && this.chance.happens(0.7)) return warm;
    const { container, dependencies } = this.container(name);
    const { clock, random } = dependencies;
    const timeoutMilliseconds = this.weather.climate.limit;
    return { container, invoke: createInvoker({ clock, random, dependencies, timeoutMilliseconds }) };
  }

  #found(): void {
    const config = {
      format: 'tidemark-vault',
      version: 1,
      id: this.chance.bytes(16).toString('hex'),
      created: new Date(this.timeline.now).toISOString(),
      ...sizes,
      sealing: { kind: 'none' },
    };
    const bytes = Buffer.from(canonicalJson(config));
    for (const medium of this.media) medium.set(layout.vault, { bytes, modified: this.timeline.now }, -1);
  }
}

const messageIn = ({ message }: Error): string => (JSON.parse(message) as { errorMessage: string }).errorMessage;

function failureText(errorType: string, name: string): string {
  return JSON.stringify({ errorType, errorMessage: `${name} did not answer`, trace: [] });
}

function planOf({ words }: Policy, replicas: number, sources: readonly string[]): Plan {
  const others = Array.from({ length: replicas }, (_, at) => `{ directory: /simulated/replica-${at + 1} }`);
  const lines = [
    'plan: simulated',
    'timeZone: UTC',
    `vault: { primary: { directory: /simulated/vault }${others.length > 0 ? `, replicas: [${others.join(', ')}]` : ''}, sealing: none }`,
    'sources:',
    ...sources.map((id) => (id === 'data' ? files : git)),
    'cadences: { full: weekly on sunday at 03:00, incremental: daily at 02:00, logs: never, change: on event }',
    `retention: ${words}`,
  ];
  return parsePlan(lines.join('\n'), 'backup-plan.yml', { folder: '/' });
}

const files = '  - { id: data, kind: files, path: /protected/data }';
const git = '  - { id: config, kind: git, repository: /protected/config, ref: main }';

/** Loads every function, so that no history waits for a file. */
export async function warmUp(): Promise<void> {
  for (const name of functionNames) await functions[name]();
}
