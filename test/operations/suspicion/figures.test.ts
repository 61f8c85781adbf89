/** The figures in docs/suspicion.md are those of these rules, and the rules are no worse than they say. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { disasters } from '../../../scripts/suspicion/disasters.ts';
import { measure, tableOf } from '../../../scripts/suspicion/measure.ts';
import { rules } from '../../../src/operations/suspicion/rules.ts';
import type { Signals } from '../../../src/operations/suspicion/signals.ts';
import { courseOf, rememberedOf, signalsOf } from '../../../src/operations/suspicion/signals.ts';
import { oddities, suspicionOf } from '../../../src/operations/suspicion/suspicion.ts';

const page = readFileSync(new URL('../../../docs/suspicion.md', import.meta.url), 'utf8');
const figures = measure();

describe('measured on a model of sources', () => {
  test('the table in the docs is what is measured', () => {
    expect(page.split('<!-- figures -->\n')[1]!.split('\n<!-- end of figures -->')[0]).toBe(tableOf(figures));
  });

  test('an alarm on an ordinary day is rare', () => {
    const all = Object.values(figures.ordinary);
    const [days, alarms] = [all.reduce((sum, one) => sum + one.days, 0), all.reduce((sum, one) => sum + one.alarms, 0)];
    expect(alarms / days).toBeLessThan(0.003);
  });

  test('every disaster was tried, and the plain ones are never missed', () => {
    expect(Object.keys(figures.missed).sort()).toEqual(Object.keys(disasters).sort());
    const never = [
      'everything is gone',
      'everything is encrypted in place',
      'a third is encrypted in place',
      'every table is gone',
    ];
    for (const what of never) expect(figures.missed[what], what).toMatchObject({ missed: 0 });
  });
});

describe('each rule, and where it ends', () => {
  const files = (count: number, more: Partial<Signals> = {}): Signals => ({
    files: count,
    bytes: count * 1e6,
    ...more,
  });
  const history = (...states: Signals[]) => states.map((signals) => ({ signals, accepted: false }));
  const steady = history(...Array.from({ length: 10 }, () => files(1000)));
  const rulesFor = (now: Signals, known = steady): string[] => oddities(now, known).map(({ rule }) => rule);

  test('there is nothing to hold the first one against', () => {
    expect(suspicionOf(files(0), [])).toBeUndefined();
  });

  test.each([
    [799, ['fewerFiles', 'fewerBytes']],
    [801, []],
    [1500, []],
    [0, ['emptied']],
  ])('a steady source of 1,000 files that has %i', (count, found) => {
    expect(rulesFor(files(count))).toEqual(found);
  });

  test('while a source is young, less is usual', () => {
    expect(rulesFor(files(710), history(files(1000), files(1000)))).toEqual([]);
    expect(rulesFor(files(690), history(files(1000), files(1000)))).toEqual(['fewerFiles', 'fewerBytes']);
  });

  test('what a source does again and again is usual for it', () => {
    const swinging = history(...[1000, 640, 1000, 650, 1000, 640, 1000, 660].map((count) => files(count)));
    expect(rulesFor(files(620), swinging)).toEqual([]);
    expect(rulesFor(files(300), swinging)).toEqual(['fewerFiles', 'fewerBytes']);
  });

  test('a little less each day adds up', () => {
    const falling = [1000, 1000, 1000, 1000, 850, 730, 630, 540].map((count) => files(count)).reverse();
    expect(rulesFor(files(470), history(...falling))).toEqual(['fewerFiles', 'fewerBytes']);
  });

  test('what was accepted is held against the accepted one, not against what was before', () => {
    const [first, ...rest] = history(...[300, 1000, 1000, 1000, 1000].map((count) => files(count)));
    expect(rulesFor(files(290), [{ ...first!, accepted: true }, ...rest])).toEqual([]);
    expect(rulesFor(files(0), [{ ...first!, accepted: true }, ...rest])).toEqual(['emptied']);
  });

  test('a mount point that is none any more, with other files below', () => {
    const mounted = history(files(1000, { mounted: true }));
    expect(rulesFor(files(1000), mounted)).toEqual(['unmounted']);
    expect(rulesFor(files(1000, { mounted: true }), mounted)).toEqual([]);
    expect(rulesFor(files(1000, { mounted: true }), steady)).toEqual([]);
  });

  describe('tables', () => {
    const base = (largest: Record<string, number>): Signals => ({
      files: 3,
      bytes: 1e6,
      rows: Object.values(largest).reduce((sum, rows) => sum + rows, 0),
      tables: Object.keys(largest).length,
      largest,
    });
    const before = { a: 10_000, b: 5000, c: 400, d: 5, e: 5, f: 5, g: 5, h: 5 };
    const known = history(base(before));
    const without = (...names: string[]) =>
      Object.fromEntries(Object.entries(before).filter(([name]) => !names.includes(name)));

    test('a small one that is gone is a migration; a large one is not, nor are many', () => {
      expect(rulesFor(base(without('d')), known)).toEqual([]);
      expect(rulesFor(base({ ...without('d'), i: 5 }), known)).toEqual([]);
      expect(rulesFor(base({ ...without('a'), z: 10_000 }), known)).toEqual(['tablesGone']);
      expect(rulesFor(base(without('d', 'e')), known)).toEqual([]);
      expect(rulesFor(base(without('d', 'e', 'f')), known)).toEqual(['tablesGone']);
    });

    test('an empty one is missed like one that is gone', () => {
      expect(suspicionOf(base({ ...before, b: 0, z: 5000 }), known)).toMatch(
        /1 tables of 8 are gone or empty, with 5000 rows: b/,
      );
    });

    test('of a list that is not whole, only what would be on it is missed', () => {
      const many = { ...base(before), tables: 500 };
      expect(rulesFor({ ...base(without('d', 'e', 'f', 'g')), tables: 500 }, history(many))).toEqual([]);
      expect(rulesFor({ ...base({ ...without('b'), z: 5000 }), tables: 500 }, history(many))).toEqual(['tablesGone']);
    });
  });

  describe('content that does not compress', () => {
    const day = (plain: number, density: number, grown = 0): Signals => ({
      files: 100,
      bytes: 1e9 + grown,
      fresh: { plain, packed: plain * density },
    });
    const known = history(...Array.from({ length: 12 }, () => day(1e7, 0.4)), day(1e9, 0.4));

    test.each<[string, Signals, string[]]>([
      ['replaces a tenth', day(1e8, 0.99), ['encrypted']],
      ['replaces a hundredth', day(1e7, 0.99), []],
      ['comes on top', day(4e8, 1, 4e8), []],
      ['replaces a tenth and does compress', day(1e8, 0.5), []],
      ['replaces half', day(5e8, 1), ['encrypted', 'replacedAtOnce']],
    ])('it %s', (_, now, found) => {
      expect(rulesFor(now, known)).toEqual(found);
    });

    test('a source that does so once a month is known for it', () => {
      const monthly = [...known.slice(0, 5), ...history(day(8e7, 1)), ...known.slice(5)];
      expect(rulesFor(day(9e7, 1), monthly)).toEqual([]);
      expect(rulesFor(day(9e7, 1), known)).toEqual(['encrypted']);
    });

    test('of a source that never compressed, only the amount tells', () => {
      const photos = history(...Array.from({ length: 12 }, () => day(1e7, 0.99)), day(1e9, 0.99));
      expect(rulesFor(day(2e8, 1), photos)).toEqual([]);
      expect(rulesFor(day(4e8, 1), photos)).toEqual(['replacedAtOnce']);
    });
  });

  test('snapshots of earlier versions, and details that are not what they should be, are no trouble', () => {
    const totals = { files: 5, bytes: 5, directories: 0, others: 0, read: 0, stored: 0 };
    expect(signalsOf({ totals, details: { fresh: 'much', endings: [1], rows: -4, mounted: 'yes' } })).toEqual({
      files: 5,
      bytes: 5,
    });
    expect(courseOf({ details: { course: 'none' } })).toEqual([]);
    expect(courseOf({ details: {} })).toEqual([]);
    const known = [{ signals: { files: 1, bytes: 2, fresh: { plain: 3, packed: 4 }, rows: 5 }, accepted: true }];
    expect(courseOf({ details: { course: rememberedOf(known) } })).toEqual(known);
  });

  test('every rule was tried here', () => {
    expect(Object.keys(rules)).toEqual([
      'emptied',
      'unmounted',
      'fewerFiles',
      'fewerBytes',
      'fewerRows',
      'tablesGone',
      'encrypted',
      'replacedAtOnce',
      'renamed',
    ]);
  });
});
