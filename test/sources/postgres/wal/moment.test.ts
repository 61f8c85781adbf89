import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../../src/format/snapshot.ts';
import type { PreviousSnapshot } from '../../../../src/sources/port.ts';
import { readDetails } from '../../../../src/sources/postgres/wal/details.ts';
import { chainsOf, lineageOf } from '../../../../src/sources/postgres/wal/lineage.ts';
import { chooseMoment, readMoment } from '../../../../src/sources/postgres/wal/moment.ts';
import { recoveryFiles, settingsFor } from '../../../../src/sources/postgres/wal/recovery.ts';

interface Given {
  readonly id: string;
  readonly base: string;
  readonly stop: string;
  readonly end?: string;
  readonly timeline?: number;
  readonly baseTimeline?: number;
  readonly earliest: string;
  readonly latest?: string;
  readonly last?: string;
  readonly points?: { name: string; time: string; lsn: string }[];
}

const day = (time: string) => `2026-03-15T${time}Z`;

function snapshotOf({
  id,
  base,
  stop,
  end,
  timeline = 1,
  baseTimeline = 1,
  earliest,
  latest = earliest,
  last,
  points,
}: Given) {
  return {
    id,
    cadence: end === undefined ? 'full' : 'logs',
    problemCount: 0,
    time: latest,
    details: {
      method: 'physical',
      systemIdentifier: '7',
      timeline: baseTimeline,
      startLsn: '0/1000000',
      stopLsn: stop,
      walSegmentSize: 2 ** 24,
      baseEnded: earliest,
      base,
      window: { earliest, latest },
      ...(end !== undefined && { walEnd: end, walTimeline: timeline }),
      ...(last !== undefined && { lastTransaction: last }),
      ...(points && { restorePoints: points }),
    },
  } as unknown as Snapshot;
}

/** A base, its log in two runs; a newer base whose end the log has passed, and its log; then a promoted standby. */
const points = [{ name: 'before the change', time: day('11:05:00'), lsn: '0/3500000' }];
const story = [
  snapshotOf({ id: 'db.1', base: 'A', stop: '0/2000000', earliest: day('10:00:00') }),
  snapshotOf({
    id: 'db.2',
    base: 'A',
    stop: '0/2000000',
    end: '0/3000000',
    earliest: day('10:00:00'),
    latest: day('11:00:00'),
    last: day('10:58:00.5'),
  }),
  snapshotOf({
    id: 'db.3',
    base: 'A',
    stop: '0/2000000',
    end: '0/4000000',
    earliest: day('10:00:00'),
    latest: day('12:00:00'),
    last: day('11:59:00'),
    points,
  }),
  snapshotOf({ id: 'db.4', base: 'B', stop: '0/3800000', earliest: day('11:30:00') }),
  snapshotOf({
    id: 'db.5',
    base: 'B',
    stop: '0/3800000',
    end: '0/5000000',
    earliest: day('11:30:00'),
    latest: day('13:00:00'),
    last: day('12:59:00'),
  }),
  snapshotOf({
    id: 'db.6',
    base: 'B',
    stop: '0/3800000',
    end: '0/5100000',
    timeline: 2,
    earliest: day('11:30:00'),
    latest: day('14:00:00'),
    last: day('13:59:00'),
  }),
].toReversed();

const chosen = (at: string) => {
  const { snapshot, moment, time } = chooseMoment('db', story, readMoment(at));
  return { id: snapshot.id, moment, time };
};

describe('a moment', () => {
  test('C7 is a time with its offset, a position, a named point or the end, and nothing else', () => {
    expect(readMoment('2026-03-15T12:04:59+01:00')).toEqual({ time: '2026-03-15T12:04:59+01:00' });
    expect(readMoment('2026-03-15T12:04:59.123456Z')).toEqual({ time: '2026-03-15T12:04:59.123456Z' });
    expect(readMoment('16/b374d848')).toEqual({ lsn: '16/B374D848' });
    expect(readMoment('point:before the change')).toEqual({ name: 'before the change' });
    expect(readMoment('latest')).toEqual({});
    for (const wrong of [
      '2026-03-15T12:04:59',
      '2026-03-15 12:04:59+01:00',
      '2026-03-15',
      'yesterday',
      'point:',
      '2026-13-15T12:00:00Z',
    ])
      expect(() => readMoment(wrong)).toThrow(expect.objectContaining({ name: 'InputInvalid' }));
  });

  test('is reached from the newest base that was consistent by then, by the shortest log that covers it', () => {
    expect(chosen(day('10:30:00'))).toMatchObject({ id: 'db.2', moment: { time: day('10:30:00') } });
    expect(chosen(day('11:20:00'))).toMatchObject({ id: 'db.3' });
    expect(chosen(day('11:45:00'))).toMatchObject({ id: 'db.5' });
    expect(chosen('2026-03-15T14:30:00+02:00')).toMatchObject({ id: 'db.5', time: '2026-03-15T14:30:00+02:00' });
    expect(chosen(day('13:30:00'))).toMatchObject({ id: 'db.6' });
    expect(chosen('latest')).toMatchObject({ id: 'db.6', moment: {}, time: day('14:00:00') });
    expect(chosen('0/3600000')).toMatchObject({ id: 'db.3', moment: { lsn: '0/3600000' } });
    expect(chosen('point:before the change')).toMatchObject({ id: 'db.3', time: day('11:05:00') });
  });

  test('after the last transaction is the end of the log: no later one would ever end the recovery', () => {
    expect(chosen(day('10:58:00.5')).moment.time).toBeUndefined();
    expect(chosen(day('10:59:00'))).toMatchObject({ id: 'db.2', moment: { time: undefined } });
    expect(chosen(day('10:58:00.499999')).moment.time).toBe(day('10:58:00.499999'));
    expect(chosen('0/5100000')).toMatchObject({ id: 'db.6', moment: { lsn: undefined } });
  });

  test('that nothing covers is refused, with the nearest ones', () => {
    expect(() => chosen(day('09:00:00'))).toThrow(
      expect.objectContaining({
        name: 'RestorePointMissing',
        hint: expect.stringContaining(`after it ${day('10:00:00')}`),
      }),
    );
    expect(() => chosen(day('15:00:00'))).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(`before it ${day('14:00:00')}`) }),
    );
    expect(() => chosen('0/100')).toThrow(/cannot be restored at 0\/100/);
    expect(() => chosen('point:nowhere')).toThrow(
      expect.objectContaining({ hint: 'Restore points: before the change.' }),
    );
    const hole = story.filter(({ id }) => ['db.1', 'db.2', 'db.4', 'db.5'].includes(id));
    expect(() => chooseMoment('db', hole, { time: day('11:20:00') })).toThrow(
      expect.objectContaining({
        hint: `The nearest moments that can be: before it ${day('11:00:00')}, after it ${day('11:30:00')}.`,
      }),
    );
  });

  test('suspicious snapshots are no way to it', () => {
    const only = story.map((one) => ({ ...one, suspicion: 'it shrank' }));
    expect(() => chooseMoment('db', only, {})).toThrow(expect.objectContaining({ name: 'RestorePointMissing' }));
  });
});

describe('what a restored server is told', () => {
  const log = readDetails(story[0]!.details)!;

  test('names time, timeline and what to do there; text is quoted', () => {
    expect(settingsFor(log, { time: '2026-03-15T12:04:59.5+01:00', pause: true })).toEqual([
      ['restore_command', 'false'],
      ['recovery_target_timeline', '2'],
      ['recovery_target_time', '2026-03-15 11:04:59.500000+00'],
      ['recovery_target_action', 'pause'],
    ]);
    expect(settingsFor(log, {}).map(([name]) => name)).toEqual(['restore_command', 'recovery_target_timeline']);
    const files = recoveryFiles(log, { name: `it's` });
    expect(files.get('recovery.signal')!(undefined)).toHaveLength(0);
    const text = files.get('postgresql.auto.conf')!(Buffer.from('work_mem = 1GB')).toString();
    expect(text).toMatch(/^work_mem = 1GB\n# Written/);
    expect(text).toContain(`recovery_target_name = 'it''s'\nrecovery_target_action = 'promote'\n`);
  });
});

describe('the chain that a logs run makes longer', () => {
  const previous = (id: string): PreviousSnapshot =>
    ({ ...story.find((one) => one.id === id)! }) as unknown as PreviousSnapshot;
  const chains = (...ids: string[]) => {
    const known = story.filter(({ id }) => ids.includes(id));
    const { parent, others } = lineageOf(known, 'logs');
    return chainsOf(parent === undefined ? undefined : previous(parent), others.map(previous)).map(
      ({ on, reached, from }) => [on.id, reached.end, from?.id],
    );
  };
  const ends = (text: string) => BigInt(`0x${text}`);

  test('goes on from the newest log', () => {
    expect(chains()).toEqual([]);
    expect(chains('db.1')).toEqual([['db.1', ends('2000000'), undefined]]);
    expect(chains('db.1', 'db.2')).toEqual([['db.2', ends('3000000'), undefined]]);
  });

  test('stays on the base before until that has passed the new one, so that no moment is left out', () => {
    expect(chains('db.1', 'db.2', 'db.4')).toEqual([
      ['db.2', ends('3000000'), undefined],
      ['db.4', ends('3800000'), undefined],
    ]);
    expect(chains('db.1', 'db.2', 'db.3', 'db.4')).toEqual([['db.4', ends('4000000'), 'db.3']]);
    expect(chains('db.3', 'db.4', 'db.5')).toEqual([['db.5', ends('5000000'), undefined]]);
  });

  test('a base is compared with the newest of the newest base', () => {
    expect(lineageOf(story, 'incremental')).toEqual({ parent: 'db.6', others: [] });
    expect(
      lineageOf(
        story.map((one) => ({ ...one, problemCount: 1 })),
        'full',
      ),
    ).toEqual({ parent: undefined, others: [] });
  });
});
