import { beforeEach, describe, expect, test } from 'vitest';
import type { Alert } from '../../src/alerts/port.ts';
import { createTroubles, type Troubles } from '../../src/alerts/troubles.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import { TidemarkError } from '../../src/core/errors.ts';
import { recordingPort, sample } from './sample.ts';
import { memoryTroubles } from './trouble-store.ts';

const hour = 60 * 60 * 1000;
const key = sample.trouble;

let clock: VirtualClock;
let port: ReturnType<typeof recordingPort>;
let store: ReturnType<typeof memoryTroubles>;
let troubles: Troubles;
let runs: number;

beforeEach(() => {
  clock = new VirtualClock('2026-03-15T03:00:00.000Z');
  port = recordingPort();
  store = memoryTroubles();
  troubles = createTroubles(store, port, clock);
  runs = 0;
});

const now = (): string => clock.now().toISOString();
const raise = (changes: Partial<Alert> = {}) => {
  runs += 1;
  return troubles.raise({ ...sample, run: `run-${runs}`, time: now(), ...changes });
};
const clear = () => troubles.clear(key, { time: now(), lastGood: now(), run: 'good-run' });
const undelivered = () => new TidemarkError('AlertUndelivered', 'sns did not answer');

describe('one alert until it is over, then a resolution', () => {
  test('three failed nights are one alert; the good one brings one resolution', async () => {
    troubles = createTroubles(store, port, clock, 7 * 24 * hour);
    const said = [];
    for (let night = 0; night < 3; night += 1) {
      said.push(await raise());
      await clock.sleep(24 * hour);
    }
    said.push(await clear(), await clear());
    expect(said).toEqual(['sent', 'known', 'known', 'sent', 'none']);
    expect(port.sent.map(({ state }) => state)).toEqual(['open', 'resolved']);
    expect(port.sent[1]).toMatchObject({
      trouble: key,
      source: 'user-data',
      subject: sample.subject,
      what: sample.what,
      severity: 'critical',
      time: '2026-03-18T03:00:00.000Z',
      lastGood: '2026-03-18T03:00:00.000Z',
      run: 'good-run',
      action: 'Do nothing more: the trouble is over.',
      details: {
        Open: 'from 2026-03-15T03:00:00.000Z to 2026-03-18T03:00:00.000Z',
        Seen: '3 times since 2026-03-15T03:00:00.000Z',
      },
    });
  });

  test('a success with nothing open says nothing and writes nothing', async () => {
    expect(await clear()).toBe('none');
    expect(port.sent).toEqual([]);
    expect(store.kept.size).toBe(0);
  });

  test('different troubles do not hide each other', async () => {
    await raise();
    expect(await raise({ trouble: 'backup/node-network-db' })).toBe('sent');
    await clear();
    expect((await troubles.open()).map(({ alert }) => alert.trouble)).toEqual(['backup/node-network-db']);
  });

  test('the same trouble after its end is a new one', async () => {
    await raise();
    await clock.sleep(hour);
    await clear();
    await clock.sleep(hour);
    expect(await raise()).toBe('sent');
    expect((await troubles.open())[0]).toMatchObject({ count: 1, first: now() });
  });
});

describe('it is told again', () => {
  test('when it gets worse, not when it gets better or flaps', async () => {
    const said = [];
    for (const severity of ['warning', 'info', 'warning', 'critical', 'warning', 'critical'] as const) {
      said.push(await raise({ severity }));
      await clock.sleep(hour);
    }
    expect(said).toEqual(['sent', 'known', 'known', 'sent', 'known', 'known']);
  });

  test('after a day, saying since when and how often', async () => {
    const said = [];
    for (let quarter = 0; quarter <= 96; quarter += 1) {
      said.push(await raise());
      await clock.sleep(hour / 4);
    }
    expect(said.flatMap((word, at) => (word === 'sent' ? [at] : []))).toEqual([0, 96]);
    expect(port.sent[1]?.details).toMatchObject({
      Seen: '97 times since 2026-03-15T03:00:00.000Z',
      host: 'ip-10-0-3-17',
    });
  });

  test('the resolution is as loud as the loudest alert, for those who subscribe to that only', async () => {
    await raise({ severity: 'critical' });
    await clock.sleep(25 * hour);
    await raise({ severity: 'warning' });
    await clear();
    expect(port.sent.map(({ severity, state }) => [severity, state])).toEqual([
      ['critical', 'open'],
      ['warning', 'open'],
      ['critical', 'resolved'],
    ]);
  });
});

describe('A8: an alert that was not delivered does not count as told', () => {
  test('the error reaches the caller, is counted on the trouble, and the next sighting sends', async () => {
    port.failure = undelivered();
    await expect(raise()).rejects.toBe(port.failure);
    await expect(raise()).rejects.toBe(port.failure);
    expect((await troubles.open())[0]).toMatchObject({ count: 2, undelivered: 2 });
    expect((await troubles.open())[0]).not.toHaveProperty('told');
    port.failure = undefined;
    expect(await raise()).toBe('sent');
    expect(port.sent[0]?.details).toMatchObject({ Undelivered: '2 earlier attempts to send this failed' });
    expect(await raise()).toBe('known');
    expect((await troubles.open())[0]?.undelivered).toBe(0);
  });

  test('a retry of the same run tries again and is not counted twice', async () => {
    port.failure = undelivered();
    await expect(raise({ run: 'one' })).rejects.toThrow();
    port.failure = undefined;
    expect(await raise({ run: 'one' })).toBe('sent');
    expect((await troubles.open())[0]?.count).toBe(1);
  });

  test('an undelivered resolution leaves the trouble open, and the next success tries again', async () => {
    await raise();
    port.failure = undelivered();
    await expect(clear()).rejects.toBe(port.failure);
    expect(await troubles.open()).toHaveLength(1);
    port.failure = undefined;
    expect(await clear()).toBe('sent');
    expect(await troubles.open()).toEqual([]);
  });

  test('a failure to make it louder does not forget that it was told', async () => {
    await raise({ severity: 'warning' });
    port.failure = undelivered();
    await expect(raise({ severity: 'critical' })).rejects.toThrow();
    port.failure = undefined;
    expect(await raise({ severity: 'warning' })).toBe('known');
    expect(await raise({ severity: 'critical' })).toBe('sent');
  });

  test('when the note about the failure cannot be kept either, the delivery error is the one reported', async () => {
    port.failure = undelivered();
    store.failing = true;
    await expect(raise()).rejects.toBe(port.failure);
  });

  test('a delivery that cannot be noted is an error, and is sent again', async () => {
    store.failing = true;
    await expect(raise()).rejects.toThrow('the store is gone');
    store.failing = false;
    expect(await raise()).toBe('sent');
    expect(port.sent).toHaveLength(2);
  });
});

describe('repeats and late arrivals are harmless', () => {
  test('an alert from long before the end does not reopen', async () => {
    const before = now();
    await raise();
    await clock.sleep(2 * hour);
    await clear();
    expect(await raise({ time: before })).toBe('stale');
    expect(await troubles.open()).toEqual([]);
  });

  test('A8: a failure right after the end is told, though another clock puts it before', async () => {
    await raise();
    await clock.sleep(hour);
    await clear();
    expect(await raise({ time: new Date(clock.now().getTime() - hour / 3).toISOString() })).toBe('sent');
    expect(await troubles.open()).toHaveLength(1);
    await clock.sleep(hour);
    expect(await clear()).toBe('sent');
  });

  test('a success from before the last sighting does not end it', async () => {
    const before = now();
    await clock.sleep(hour);
    await raise();
    expect(await troubles.clear(key, { time: before })).toBe('stale');
    expect(await troubles.open()).toHaveLength(1);
  });

  test('an older sighting counts but does not replace what is known since', async () => {
    const before = now();
    await clock.sleep(hour);
    await raise({ what: 'newer' });
    await raise({ what: 'older', time: before });
    expect((await troubles.open())[0]).toMatchObject({ count: 2, last: now(), alert: { what: 'newer' } });
  });
});

test('what has been over for a month is forgotten; what is open never is', async () => {
  await raise();
  await raise({ trouble: 'backup/other' });
  await clear();
  await clock.sleep(29 * 24 * hour);
  await troubles.forget();
  expect(store.kept.size).toBe(2);
  await clock.sleep(2 * 24 * hour);
  await troubles.forget();
  expect([...store.kept.keys()]).toEqual(['backup/other']);
});
