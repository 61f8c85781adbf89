/**
 * A small model judges the troubles: random histories of failures, successes, late repeats, broken delivery and passing
 * time. The model keeps the whole history of a trouble and derives from it what people should have been told.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Severity } from '../../src/alerts/port.ts';
import { createTroubles } from '../../src/alerts/troubles.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import { TidemarkError } from '../../src/core/errors.ts';
import { recordingPort, sample } from './sample.ts';
import { memoryTroubles } from './trouble-store.ts';

const hour = 60 * 60 * 1000;
const rank: Record<Severity, number> = { info: 0, warning: 1, critical: 2 };

type Step =
  | { readonly do: 'raise'; readonly key: string; readonly severity: Severity; readonly late: number }
  | { readonly do: 'clear'; readonly key: string; readonly late: number }
  | { readonly do: 'wait'; readonly hours: number }
  | { readonly do: 'delivery'; readonly works: boolean };

const keys: readonly string[] = ['backup/a', 'backup/b'];
const key = fc.constantFrom(...keys);
const late = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 }));
const severity = fc.constantFrom<Severity>('info', 'warning', 'critical');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('raise' as const), key, severity, late }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('clear' as const), key, late }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delivery' as const), works: fc.boolean() }) },
);

const outcomes = [
  ...['raise sent', 'raise known', 'raise stale', 'raise AlertUndelivered'],
  ...['clear sent', 'clear none', 'clear stale', 'clear AlertUndelivered'],
];

interface Past {
  readonly what: 'seen' | 'over';
  readonly time: number;
}
interface Told {
  readonly state: 'open' | 'resolved';
  readonly severity: Severity;
  readonly at: number;
}

/** What is believed of one trouble: everything that happened, and everything that was said, since it began. */
class Model {
  past: Past[] = [];
  told: Told[] = [];

  get open(): boolean {
    return this.past.at(-1)?.what === 'seen';
  }
  get latest(): number {
    const since = this.past.findLastIndex(({ what }, at) => what === 'over' && at < this.past.length - 1);
    return Math.max(...this.past.slice(since + 1).map(({ time }) => time));
  }

  raise(time: number, now: number, level: Severity, works: boolean): string {
    if (!this.open && this.past.length > 0 && time < (this.past.at(-1)?.time ?? 0) - hour) return 'stale';
    if (!this.open) this.told = [];
    this.past.push({ what: 'seen', time });
    const last = this.told.at(-1);
    if (last && rank[level] <= rank[last.severity] && now - last.at < 24 * hour) return 'known';
    if (works) this.told.push({ state: 'open', severity: level, at: now });
    return works ? 'sent' : 'AlertUndelivered';
  }

  clear(time: number, works: boolean): string {
    if (!this.open) return 'none';
    if (time < this.latest) return 'stale';
    if (!works) return 'AlertUndelivered';
    this.past.push({ what: 'over', time });
    return 'sent';
  }
}

test('random histories: people are told what the model says, no more and no less', async () => {
  const tally: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 60 }), async (steps) => {
      const clock = new VirtualClock('2026-01-01T00:00:00Z');
      const port = recordingPort();
      const store = memoryTroubles();
      const models = new Map(keys.map((name) => [name, new Model()]));
      let works = true;
      let run = 0;
      for (const action of steps) {
        if (action.do === 'wait') await clock.sleep(action.hours * hour);
        if (action.do === 'delivery') works = action.works;
        if (action.do === 'wait' || action.do === 'delivery') continue;

        port.failure = works ? undefined : new TidemarkError('AlertUndelivered', 'broken');
        const before = port.sent.length;
        const now = clock.now().getTime();
        const time = now - action.late * hour;
        const iso = new Date(time).toISOString();
        // Each invocation starts anew, from what is stored.
        const troubles = createTroubles(store, port, clock);
        const model = models.get(action.key) as Model;
        run += 1;
        const did =
          action.do === 'raise'
            ? troubles.raise({
                ...sample,
                trouble: action.key,
                severity: action.severity,
                time: iso,
                run: `run-${run}`,
              })
            : troubles.clear(action.key, { time: iso });
        const said = await did.catch((error: Error) => error.name);
        const expected =
          action.do === 'raise' ? model.raise(time, now, action.severity, works) : model.clear(time, works);
        expect(said).toBe(expected);
        expect(port.sent.length - before).toBe(said === 'sent' ? 1 : 0);
        tally[`${action.do} ${said}`] = (tally[`${action.do} ${said}`] ?? 0) + 1;
        if (said === 'sent' && action.do === 'clear') {
          const loudest = Math.max(...model.told.map((told) => rank[told.severity]));
          if (model.told.length > 0) expect(rank[port.sent.at(-1)?.severity ?? 'info']).toBe(loudest);
        }
        const open = (await troubles.open()).map(({ alert }) => alert.trouble).sort();
        expect(open).toEqual([...models].flatMap(([name, { open: is }]) => (is ? [name] : [])).sort());
      }
    }),
    { numRuns: 400 },
  );
  // Histories that never reach an outcome would prove nothing about it.
  for (const outcome of outcomes) expect(tally[outcome] ?? 0, outcome).toBeGreaterThan(100);
});
