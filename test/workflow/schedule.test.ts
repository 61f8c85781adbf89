/** What is due when: from the plan's cadences and the guards' schedule. */
import { describe, expect, test } from 'vitest';
import { dueStarts, everyOf, type Start, startsBetween } from '../../local/schedule.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import { defaultCadences } from '../../src/plan/cadence/every.ts';
import type { SourcePlan } from '../../src/plan/plan.ts';

const source = (id: string, cadences = {}) =>
  ({ id, kind: 'files', cadences: { ...defaultCadences, ...cadences } }) as unknown as SourcePlan;
const plan = { timeZone: 'UTC', sources: [source('data', { logs: 'never' }), source('db')] };
const quiet = { timeZone: 'UTC', sources: [source('data', { logs: 'never' })] };
const brief = ({ workflow, name, input, time }: Start) => [workflow, name, input, time.toISOString()];

describe('from Saturday noon to Monday noon', () => {
  const starts = startsBetween(plan, new Date('2026-03-14T12:00:00Z'), new Date('2026-03-16T12:00:00Z'));
  const of = (workflow: string) => starts.filter((start) => start.workflow === workflow);

  test('the weekly full and the daily incremental, of all sources that are due together in one run', () => {
    expect(
      of('backup')
        .filter(({ name }) => !name.startsWith('logs'))
        .map(brief),
    ).toEqual([
      [
        'backup',
        'incremental-20260315T020000Z',
        { cadence: 'incremental', sources: ['data', 'db'] },
        '2026-03-15T02:00:00.000Z',
      ],
      ['backup', 'full-20260315T030000Z', { cadence: 'full', sources: ['data', 'db'] }, '2026-03-15T03:00:00.000Z'],
      [
        'backup',
        'incremental-20260316T020000Z',
        { cadence: 'incremental', sources: ['data', 'db'] },
        '2026-03-16T02:00:00.000Z',
      ],
    ]);
  });

  test('transaction logs every 15 minutes, but where a stronger cadence falls on the same instant', () => {
    const logs = of('backup').filter(({ name }) => name.startsWith('logs'));
    expect(logs).toHaveLength(2 * 96 - 3);
    expect(logs[0]!.input).toEqual({ cadence: 'logs', sources: ['db'] });
  });

  test('prune and verify daily, drill weekly', () => {
    expect(of('prune').map(({ name }) => name)).toEqual(['prune-20260315T053000Z', 'prune-20260316T053000Z']);
    expect(of('verify').map(({ name }) => name)).toEqual(['verify-20260315T063000Z', 'verify-20260316T063000Z']);
    expect(of('drill')).toEqual([]);
    const week = startsBetween(plan, new Date('2026-03-16T00:00:00Z'), new Date('2026-03-23T00:00:00Z'));
    expect(week.filter(({ workflow }) => workflow === 'drill').map(({ name }) => name)).toEqual([
      'drill-20260318T080000Z',
    ]);
  });

  test('oldest first, each with a name of its own that may name an execution', () => {
    const times = starts.map(({ time }) => time.getTime());
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(new Set(starts.map(({ workflow, name }) => `${workflow} ${name}`)).size).toBe(starts.length);
    for (const { name } of starts) expect(name).toMatch(/^[\w.-]{1,80}$/);
  });
});

test('windows laid end to end miss nothing and repeat nothing', () => {
  const [from, to] = [new Date('2026-03-28T00:00:00Z'), new Date('2026-03-30T00:00:00Z')];
  const rome = { ...plan, timeZone: 'Europe/Rome' };
  const names = (one: Date, other: Date) =>
    startsBetween(rome, one, other).map(({ workflow, name }) => `${workflow} ${name}`);
  const pieces: string[] = [];
  for (let at = from.getTime(); at < to.getTime(); at += 20 * 60_000)
    pieces.push(...names(new Date(at), new Date(at + 20 * 60_000)));
  expect(pieces).toEqual(names(from, to));
});

describe('as time goes on', () => {
  async function take(starts: AsyncGenerator<Start>, count: number): Promise<Start[]> {
    const taken: Start[] = [];
    for await (const start of starts) if (taken.push(start) === count) break;
    return taken;
  }

  test('each start is yielded when the clock has come to it', async () => {
    const clock = new VirtualClock('2026-03-15T01:59:00Z');
    const seen: string[] = [];
    for await (const start of dueStarts(quiet, clock)) {
      expect(clock.now()).toEqual(start.time);
      seen.push(start.name);
      if (seen.length === 5) break;
    }
    expect(seen).toEqual([
      'incremental-20260315T020000Z',
      'full-20260315T030000Z',
      'prune-20260315T053000Z',
      'verify-20260315T063000Z',
      'incremental-20260316T020000Z',
    ]);
  });

  test('D5: after a long pause only the newest of each kind is made good', async () => {
    const clock = new VirtualClock('2026-03-15T01:59:00Z');
    const starts = dueStarts(quiet, clock);
    expect((await take(starts, 1))[0]!.name).toBe('incremental-20260315T020000Z');
    const again = dueStarts(quiet, clock);
    const first = again.next();
    expect((await first).value?.name).toBe('full-20260315T030000Z');
    clock.moveTo('2026-03-20T12:00:00Z');
    const rest = await take(again, 4);
    expect(rest.map(({ name }) => name)).toEqual([
      'drill-20260318T080000Z',
      'incremental-20260320T020000Z',
      'prune-20260320T053000Z',
      'verify-20260320T063000Z',
    ]);
    expect(clock.now()).toEqual(new Date('2026-03-20T12:00:00Z'));
  });

  test('it ends when told to', async () => {
    const stop = new AbortController();
    stop.abort();
    expect(await take(dueStarts(quiet, new VirtualClock('2026-03-15T00:00:00Z'), stop.signal), 1)).toEqual([]);
  });
});

describe('the guards’ schedule', () => {
  test('is read as EventBridge Scheduler reads it', () => {
    expect(everyOf('cron(30 5 * * ? *)')).toEqual({ unit: 'days', count: 1, at: '05:30' });
    expect(everyOf('cron(0 8 ? * WED *)')).toEqual({ unit: 'weeks', count: 1, on: 'wednesday', at: '08:00' });
  });

  test.each(['cron(0/15 * * * ? *)', 'rate(1 day)', 'cron(0 8 1 * ? *)', 'cron(0 8 ? * XYZ *)', ''])(
    '%j is refused',
    (expression) => {
      expect(() => everyOf(expression)).toThrow(expect.objectContaining({ name: 'Unexpected' }));
    },
  );
});
