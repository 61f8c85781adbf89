/**
 * One history, from a seed: some days in which backups, prunes, verifications and restores run into each other while the
 * weather does what its climate allows; then fair weather, in which everything has to come right.
 */

import { hash } from 'node:crypto';
import type { ExecutionRecord } from '../../local/engine.ts';
import type { Json } from '../../src/core/json.ts';
import { layout } from '../../src/format/layout.ts';
import { Violation } from './judge/judge.ts';
import { policies } from './judge/promise.ts';
import { Verdicts } from './judge/verdicts.ts';
import { Chance } from './world/chance.ts';
import { type Climate, calm, drawClimate } from './world/climate.ts';
import { World, warmUp } from './world/world.ts';

export { Violation, warmUp };

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export interface Told {
  readonly seed: number;
  readonly trace: string;
  readonly calls: number;
  readonly executions: number;
  readonly violations: readonly string[];
  readonly lines: readonly string[];
  readonly climate: Climate;
  readonly snapshots: number;
}

export interface HistoryWishes {
  /** Lines of the record to keep. */
  readonly keep?: number;
}

export async function history(seed: number, { keep = 400 }: HistoryWishes = {}): Promise<Told> {
  const chance = new Chance(seed);
  const climate = chance.happens(0.12) ? calm : drawClimate(chance);
  const world = new World({
    chance,
    climate,
    policy: chance.pick(policies),
    replicas: climate.damages > 0 ? chance.pick([1, 1, 1, 2]) : chance.pick([0, 0, 0, 1, 1, 1, 2]),
    sources: chance.pick([['data'], ['data'], ['config'], ['config'], ['data', 'config']]),
    founded: chance.happens(0.9),
    keep,
  });
  const life = new Life(world, climate);
  const violations: string[] = [];
  try {
    await world.timeline.until(life.live(), () => life.stopWhenWrong());
  } catch (error) {
    if (!(error instanceof Violation))
      violations.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  violations.unshift(...world.judge.violations.map(({ message }) => message));
  const { trace, calls, lines } = world.weather;
  const executions = world.engine.executions.length;
  const snapshots = life.committed;
  await world.close();
  return { seed, trace, calls, executions, violations, lines, climate, snapshots };
}

class Life {
  readonly #world: World;
  readonly #climate: Climate;
  readonly #chance: Chance;
  readonly #verdicts: Verdicts;
  readonly #running = new Set<Promise<unknown>>();
  #names = 0;
  #victim = 0;
  /** The end is looked at to the last: garbage has to be gone. */
  readonly #thorough: boolean;

  constructor(world: World, climate: Climate) {
    this.#world = world;
    this.#climate = climate;
    this.#chance = world.chance.apart();
    this.#verdicts = new Verdicts(world, climate);
    this.#thorough = this.#chance.happens(0.25);
    world.onEnd = (record) => this.#verdicts.ended(record);
  }

  get committed(): number {
    return this.#verdicts.committed;
  }

  stopWhenWrong(): void {
    const first = this.#world.judge.violations[0];
    if (first) throw first;
  }

  async live(): Promise<void> {
    const chance = this.#chance;
    const { timeline } = this.#world;
    const vaults = this.#world.media.length;
    this.#victim = chance.below(vaults);
    // long enough that snapshots have had their time, their packs are marked, and marked packs are needed again
    for (let rounds = chance.between(2, 7); rounds > 0; rounds -= 1) {
      const { now } = timeline;
      if (chance.happens(0.8)) this.#at(now + chance.below(hour), () => this.#backup());
      if (chance.happens(0.7)) this.#prune(now + chance.between(1, 3) * hour);
      if (chance.happens(0.4)) this.#at(now + chance.below(day), () => this.#deed());
      this.#fates(now);
      await timeline.wait(day * chance.pick([0.5, 1, 1, 1, 2]));
    }
    await this.#settle();
  }

  /** Something that somebody or something does. Half of the time others do something in the same minutes. */
  #deed(): void {
    const chance = this.#chance;
    const deeds: Record<string, () => void> = {
      backup: () => this.#backup(),
      change: () => this.#change(),
      prune: () => this.#start('prune', {}),
      verify: () => this.#start('verify', chance.happens(0.5) ? { readAll: true } : {}),
      restore: () => this.#restore(),
      drill: () => this.#start('drill', {}),
      hold: () => this.#hold(),
      hide: () => this.#hide(),
    };
    const weights = { backup: 6, change: 6, prune: 5, verify: 2, restore: 3, drill: 1, hold: 1, hide: 1 };
    deeds[chance.weighted(weights)]!();
    while (chance.happens(0.3)) {
      const other = chance.weighted(weights);
      this.#at(this.#world.timeline.now + chance.below(chance.pick([200, 20_000, 10 * minute])), () => deeds[other]!());
    }
  }

  /** As the schedule has it, and often just when somebody is at work. */
  #prune(time: number): void {
    const chance = this.#chance;
    this.#at(time, () => this.#start('prune', {}));
    const about = chance.pick([2_000, 2_000, 20_000]);
    if (chance.happens(0.5)) this.#at(time + chance.between(-about, about), () => this.#relapse());
    if (chance.happens(0.2)) this.#at(time + chance.between(-about, about), () => this.#deed());
  }

  #fates(from: number): void {
    const chance = this.#chance;
    const { weather, media, engine } = this.#world;
    const { outages, damages, aborts } = this.#climate;
    const often = (aWeek: number, what: () => void): void => {
      if (chance.happens(aWeek / 7)) this.#at(from + chance.below(day), what);
    };
    often(outages, () => weather.outageFor(chance.below(media.length), chance.pick([10 * minute, hour, 6 * hour])));
    often(damages, () => this.#damage());
    often(aborts, () => {
      const running = engine.executions.filter(({ status }) => status === 'RUNNING');
      if (running.length === 0) return;
      const { workflow, name, input } = chance.pick(running);
      engine.start(workflow, input, name).stop();
    });
  }

  #backup(): void {
    const chance = this.#chance;
    for (const origin of this.#world.origins.values()) if (chance.happens(0.7)) this.#mutate(origin.id);
    const some = chance.happens(0.3) ? { sources: [chance.pick([...this.#world.origins.keys()])] } : {};
    this.#start('backup', { cadence: chance.pick(['incremental', 'incremental', 'full']), ...some });
    if (chance.happens(0.3))
      this.#at(this.#world.timeline.now + chance.below(20_000), () =>
        this.#mutate([...this.#world.origins.keys()][0]!),
      );
  }

  /** Something that is being collected is needed again, just now. */
  #relapse(): void {
    const { judge, origins, timeline, weather } = this.#world;
    const marked = new Set(judge.shelves.flatMap(({ fossils }) => [...fossils.values()].flatMap(({ packs }) => packs)));
    for (const origin of origins.values()) {
      const texts = origin.stock.filter((text) =>
        judge.library.packsWith(hash('sha256', text)).some((pack) => marked.has(pack)),
      );
      origin.bring(texts, timeline.now);
      if (texts.length > 0) weather.note(`${origin.id} goes back to what is being collected`);
    }
    this.#backup();
  }

  #mutate(id: string): void {
    const { origins, timeline, weather } = this.#world;
    const origin = origins.get(id)!;
    weather.note(`${id} changes: ${origin.change(timeline.now)}`);
  }

  /** A new revision, and the events that tell of it: once, or more often, or late. */
  #change(): void {
    const chance = this.#chance;
    const { timeline, bus, origins } = this.#world;
    if (!origins.has('config')) {
      this.#backup();
      return;
    }
    this.#mutate('config');
    this.#names += 1;
    const event = {
      version: '0',
      id: `change-${this.#names}`,
      'detail-type': 'Configuration Change',
      source: 'tidemark',
      account: '000000000000',
      time: new Date(timeline.now).toISOString(),
      region: 'local',
      resources: [],
      detail: { source: 'config', ...(chance.happens(0.5) && { revision: origins.get('config')!.revision }) },
    };
    const publish = (): void => {
      for (const execution of bus.publish(event)) this.#watch(execution.ended);
    };
    publish();
    if (chance.happens(0.3)) this.#at(timeline.now + chance.below(2 * minute), publish);
    if (chance.happens(0.2)) this.#at(timeline.now + chance.below(8 * hour), publish);
  }

  #restore(): void {
    const chance = this.#chance;
    const { judge } = this.#world;
    const shelf = chance.pick(judge.shelves);
    const source = chance.pick([...this.#world.origins.keys()]);
    const there = shelf.of(source);
    if (there.length === 0) return;
    this.#names += 1;
    const which = chance.happens(0.6) ? { snapshot: chance.pick(there).id, vault: shelf.vault } : {};
    this.#start('restore', { source, ...which, target: `/target-${this.#names}` });
  }

  /** An operator holds a snapshot in every vault that has it, or lets one go. */
  #hold(): void {
    const chance = this.#chance;
    const { judge, timeline } = this.#world;
    const held = [...judge.shelves[0]!.holds.keys()];
    const release = held.length > 0 && chance.happens(0.3);
    const ids = release ? held : [...judge.shelves[0]!.snapshots.keys()];
    if (ids.length === 0) return;
    const id = chance.pick(ids);
    const work = this.#world.operate(async ({ vaults }) => {
      for (let number = 0; number < vaults.count; number += 1) {
        try {
          const { snapshots } = await vaults.open(number);
          if (release) await snapshots.release(id);
          else await snapshots.hold(id, { who: 'ada', why: 'an audit', time: new Date(timeline.now).toISOString() });
        } catch {
          // the operator sees that it did not work
        }
      }
    });
    this.#watch(work);
  }

  /** The disk of a source is not mounted, or one of its files cannot be read, for some hours. */
  #hide(): void {
    const chance = this.#chance;
    const { origins, timeline, weather } = this.#world;
    const origin = origins.get('data');
    if (!origin) return;
    if (chance.happens(0.5)) origin.hide(timeline.now);
    else origin.unreadable = chance.pick([...origin.files().keys(), 'a/one']);
    weather.note('data is not whole');
    this.#at(timeline.now + chance.between(1, 30) * hour, () => {
      origin.mend(timeline.now);
      weather.note('data is whole again');
    });
  }

  /** Something of one vault goes bad. What only that vault has is left alone: nobody could bring it back. */
  #damage(): void {
    const chance = this.#chance;
    const { judge, media, timeline, weather } = this.#world;
    const medium = media[this.#victim]!;
    const others = judge.shelves.filter(({ vault }) => vault !== this.#victim);
    const packs = medium.keys(layout.packs).filter((key) => others.some((shelf) => shelf.offers(key.slice(-64))));
    const key = chance.happens(0.15) ? chance.pick(medium.keys(layout.indexes)) : chance.pick(packs);
    const stored = key === undefined ? undefined : medium.objects.get(key);
    if (!key || !stored) return;
    const how = chance.weighted({ flip: 3, cut: 1, lose: 2 });
    const bytes = Buffer.from(how === 'cut' ? stored.bytes.subarray(0, stored.bytes.length >> 1) : stored.bytes);
    if (how === 'flip') bytes[chance.below(bytes.length)]! ^= 1 << chance.below(8);
    weather.note(`${how}: ${key} in vault-${this.#victim}`);
    medium.set(key, how === 'lose' ? undefined : { bytes, modified: timeline.now }, undefined);
  }

  #start(workflow: string, input: Json): void {
    this.#names += 1;
    this.#watch(this.#world.engine.start(workflow, input, `${workflow}-${this.#names}`).ended);
  }

  async #run(workflow: string, input: Json = {}): Promise<ExecutionRecord> {
    this.#names += 1;
    const record = await this.#world.engine.start(workflow, input, `${workflow}-${this.#names}`).ended;
    await this.#world.bus.settled();
    return record;
  }

  #at(time: number, action: () => void): void {
    this.#world.timeline.at(time, action);
  }

  #watch(work: Promise<unknown>): void {
    this.#running.add(work);
    const over = (): void => void this.#running.delete(work);
    work.then(over, over);
  }

  /** Fair weather: what was begun ends, what was damaged is repaired, garbage goes, and everything can be restored. */
  async #settle(): Promise<void> {
    const { timeline, weather, origins, judge, bus } = this.#world;
    weather.clearUp();
    weather.note('fair weather');
    for (const origin of origins.values()) origin.mend(timeline.now);
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    await bus.settled();
    // longer than anything that was delayed, frozen or out on its way
    await timeline.wait(3 * day);
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    const settled = this.#verdicts;
    settled.begin();
    if (judge.damaged !== undefined) {
      await this.#run('verify', { readAll: true });
      await this.#run('backup', { cadence: 'full' });
      const again = await this.#run('verify', { readAll: true });
      settled.repaired(again);
      // what no vault has any more stays lost, and whoever needs it says so
      if (again.status !== 'SUCCEEDED') return this.#restoreSome();
    }
    // what a replica is collecting and a snapshot needs again has to wait until nobody holds a lease from stormy days
    settled.mustSucceed(await this.#run('backup', { cadence: 'incremental' }), ['WriterFenced']);
    await this.#restoreSome();
    if (!this.#thorough) return;
    await timeline.wait(8 * day);
    settled.mustSucceed(await this.#run('backup', { cadence: 'incremental' }), ['WriterFenced']);
    let pruned = settled.pruned(await this.#run('prune'));
    await timeline.wait(day);
    for (let round = 0; round < 2; round += 1) {
      settled.mustSucceed(await this.#run('backup', { cadence: 'incremental' }));
      await timeline.wait(hour);
      pruned = settled.pruned(await this.#run('prune')) && pruned;
      await timeline.wait(23 * hour);
    }
    settled.mustSucceed(await this.#run('verify'));
    if (pruned) settled.nothingIsLeft();
    await this.#restoreSome();
  }

  async #restoreSome(): Promise<void> {
    const { judge } = this.#world;
    const all = judge.shelves.flatMap((shelf) =>
      [...shelf.snapshots.values()].map((snapshot) => ({ shelf, snapshot })),
    );
    if (all.length === 0) return;
    const { shelf, snapshot } = this.#chance.pick(all);
    this.#names += 1;
    const target = `/target-${this.#names}`;
    const { source, id } = snapshot;
    const record = await this.#run('restore', { source, snapshot: id, vault: shelf.vault, target });
    this.#verdicts.mustSucceed(record);
  }
}
