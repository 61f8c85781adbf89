/** Goals are judged by the figures and by nothing else; who takes which turn of a step is plain. */
import { describe, expect, test } from 'vitest';
import { dataSets } from '../../bench/data/catalogue.ts';
import { readOptions } from '../../bench/options.ts';
import { type MeasuredVault, type Program, together } from '../../bench/programs/program.ts';
import { report } from '../../bench/report.ts';
import type { BenchResult, Measurement } from '../../bench/result.ts';
import { figures, ratioGoals, targetsOf } from '../../bench/targets.ts';
import { catchesUp, takes, turnsOf } from '../../bench/turns.ts';

const measurement = (given: Partial<Measurement>): Measurement => ({
  ...{ data: 'small', step: 'first', program: 'restic', round: 0, seconds: 1, load: 1 },
  ...given,
});

function resultOf(measurements: readonly Measurement[]): BenchResult {
  const names = [...new Set(measurements.map(({ program }) => program))];
  return {
    ...{ format: 'tidemark-bench', version: 2, time: '2026-11-24T00:00:00.000Z', quick: false, skipped: [] },
    machine: { cpu: 'a processor', cores: 2, memory: 2 ** 34, kernel: 'Linux 6', node: 'v24' },
    programs: names.map((name) => ({ name, version: '1', note: 'a note' })),
    data: { small: { about: 'small files', change: '1 % changed', files: 10, bytes: 1e6 } },
    ...{ measurements, restoresCompared: 0 },
  };
}

/** Rounds in which we take `ours` seconds and they take `theirs`. */
const rounds = (program: string, seconds: readonly number[]): Measurement[] =>
  seconds.map((value, round) => measurement({ program, round, seconds: value }));

describe('a ratio', () => {
  const goal = 'small, first: time at most 0.4 of restic';
  const judged = (...measurements: readonly Measurement[]) =>
    targetsOf(resultOf(measurements)).find((one) => one.goal === goal);

  test('is reached at the limit and missed above it', () => {
    const restic = rounds('restic', [10, 10, 10]);
    expect(judged(...rounds('tidemark', [4, 4, 4]), ...restic)?.reached).toBe(true);
    expect(judged(...rounds('tidemark', [4.1, 4.1, 4.1]), ...restic)?.reached).toBe(false);
  });

  test('is of pairs, and a round that one of them lacks does not count', () => {
    const ours = rounds('tidemark', [1, 9, 100]);
    expect(judged(...ours, ...rounds('restic', [10, 90]))?.measured).toBe('0.10 (tidemark)');
  });

  test('with sealing is what is judged, without it stands beside', () => {
    const target = judged(...rounds('tidemark, sealed', [5]), ...rounds('tidemark', [3]), ...rounds('restic', [10]));
    expect(target).toEqual({ goal, measured: '0.50 (tidemark, sealed), 0.30 (tidemark)', reached: false });
  });

  test('of nothing is no goal', () => {
    expect(targetsOf(resultOf(rounds('tidemark', [1])))).toEqual([]);
  });
});

test('bytes added are those of the same round, after the change and before', () => {
  const taken = [
    measurement({ step: 'first', stored: 100 }),
    measurement({ step: 'changed', stored: 130 }),
    measurement({ step: 'first', round: 1, stored: 110 }),
    measurement({ step: 'changed', round: 1, stored: 150 }),
  ];
  expect([...figures(resultOf(taken), 'small', 'changed', 'restic', 'bytes added')]).toEqual([
    [0, 30],
    [1, 40],
  ]);
});

test('the smallest peer is the smallest of all, and our other forms are no peers', () => {
  const stored = (program: string, bytes: number) => measurement({ program, stored: bytes });
  const judged = (bytes: number) =>
    targetsOf(
      resultOf([stored('tidemark, sealed', bytes), stored('tidemark', 1), stored('restic', 9e6), stored('borg', 5e6)]),
    ).find((one) => one.goal === 'small, first: bytes stored never above the smallest peer');
  expect(judged(5e6)).toMatchObject({ reached: true, measured: '5.0 MB, borg 5.0 MB' });
  expect(judged(5e6 + 1)?.reached).toBe(false);
});

test('memory is the most of any step, of the command line only', () => {
  const peak = (program: string, step: 'first' | 'verify', peakMemory: number) =>
    measurement({ program, step, peakMemory });
  const judged = (most: number) =>
    targetsOf(
      resultOf([peak('tidemark', 'first', 1e6), peak('tidemark', 'verify', most), peak('engine', 'first', 9e9)]),
    ).find((one) => one.goal.startsWith('peak memory'));
  expect(judged(349e6)).toMatchObject({ reached: true, measured: '349 MB (small, verify, tidemark)' });
  expect(judged(350e6)?.reached).toBe(false);
});

test('S3 is held against the directory store', () => {
  const judged = (seconds: number) =>
    targetsOf(resultOf([...rounds('tidemark', [9]), ...rounds('tidemark, S3', [seconds])])).find((one) =>
      one.goal.includes('S3'),
    );
  expect(judged(10)).toMatchObject({ reached: true, measured: '0.90' });
  expect(judged(10.5)?.reached).toBe(false);
});

test('no goal is there twice', () => {
  const keys = ratioGoals.map(({ data, step, figure, against }) => [data, step, figure, against].join());
  expect(new Set(keys).size).toBe(keys.length);
});

test('a table keeps its columns, whatever the names', () => {
  const page = report(resultOf([...rounds('tar | zstd', [1, 3]), ...rounds('tidemark', [2, 2])]), 'x.json');
  const rows = page.split('\n').filter((line) => line.startsWith('|'));
  const columns = (row: string): number => row.replaceAll('\\|', '').split('|').length;
  const start = rows.findIndex((row) => row.includes('stored first'));
  expect(rows.slice(start, start + 4).map(columns)).toEqual(Array(4).fill(columns(rows[start]!)));
  expect(page).toContain('| tar \\| zstd | **2.00 s** (1.00 to 3.00) |');
  expect(page).toContain('small, first: time at most 0.95 of tar \\| zstd | 1.33 (tidemark) | **no** |');
});

describe('the turns of a step', () => {
  const { small, history } = dataSets(false, '/nowhere');
  const cost = async () => ({ seconds: 1, load: 1 });
  const vault: MeasuredVault = { place: '/nowhere', backup: cost, restore: cost, verify: cost };
  const program = (steps?: Program['steps']): Program => ({
    ...{ name: 'one', version: '1', note: '', newVault: async () => vault },
    ...(steps && { steps }),
  });

  test('a history backs up after each release, and thirty snapshots come before retention', () => {
    expect(turnsOf('changed', history).map(({ apply }) => apply)).toEqual(Array.from({ length: 19 }, (_, at) => at));
    const retention = turnsOf('retention', history);
    expect(retention.map(({ timed }) => timed)).toEqual([...Array(9).fill(false), true]);
    expect(retention[0]!.apply).toBe(19);
    expect(turnsOf('retention', small)).toEqual([]);
    expect(turnsOf('first', small)).toEqual([{ timed: true, last: true }]);
  });

  test('a program takes the steps that its vault knows, or fewer', () => {
    expect(takes(program(), vault, 'unchanged')).toBe(true);
    expect(takes(program(), vault, 'retention')).toBe(false);
    expect(takes(program(['first', 'restore']), vault, 'unchanged')).toBe(false);
  });

  test('what packs everything anew does so after the last change, untimed; what walks only does not', () => {
    const turns = turnsOf('changed', history);
    const tar = program(['first', 'restore']);
    expect(turns.map((turn) => catchesUp(tar, vault, 'changed', turn))).toEqual([...Array(18).fill(false), true]);
    expect(turns.some((turn) => catchesUp(program(['unchanged']), vault, 'changed', turn))).toBe(false);
    expect(turns.some((turn) => catchesUp(program(), vault, 'changed', turn))).toBe(false);
  });

  test('snapshots before retention are for programs that have it', () => {
    const [before, timed] = [turnsOf('retention', history)[0]!, turnsOf('retention', history).at(-1)!];
    const keeping = { ...vault, retain: cost };
    expect(catchesUp(program(), keeping, 'retention', before)).toBe(true);
    expect(catchesUp(program(), keeping, 'retention', timed)).toBe(false);
    expect(catchesUp(program(), vault, 'retention', before)).toBe(false);
  });
});

test('processes of one step: times add up, memory does not', () => {
  const one = { seconds: 1, cpuSeconds: 2, peakMemory: 30, load: 1 };
  expect(together([one, { ...one, seconds: 4, peakMemory: 20 }])).toEqual({
    ...{ seconds: 5, cpuSeconds: 4, peakMemory: 30, load: 1 },
  });
  expect(together([{ seconds: 1, load: 1 }])).toEqual({ seconds: 1, load: 1 });
});

test('options: five rounds of everything, a quick look, and no nonsense', () => {
  expect(readOptions([])).toMatchObject({ rounds: 5, quick: false, record: true, strict: false, keepData: undefined });
  expect(readOptions([]).programs).not.toContain('engine');
  expect(readOptions(['--quick'])).toMatchObject({ rounds: 1, data: ['small', 'database', 'history'] });
  expect(readOptions(['--data', 'media,small', '--no-record'])).toMatchObject({
    data: ['small', 'media'],
    record: false,
  });
  expect(() => readOptions(['--data', 'large'])).toThrow('large is none of small');
  expect(() => readOptions(['--programs', 'duplicity'])).toThrow('duplicity is none of');
  expect(() => readOptions(['--rounds', '0'])).toThrow('not a positive number');
});
