/** docs/guarantees.md against the tests that exist: what it names is there, and what is there for a disaster is in it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const tests = new URL('../', import.meta.url).pathname;
const page = readFileSync(new URL('../../docs/guarantees.md', import.meta.url), 'utf8');

/** Titles of tests and groups, as they are written: `%s` stays `%s`. */
function titlesIn(text: string): Set<string> {
  const call =
    /\b(?:test|describe)(?:\.\w+)*(?:\([^'"`]*?\))?\(\s*(?:'((?:[^'\\\n]|\\.)+)'|"((?:[^"\\\n]|\\.)+)"|`((?:[^`\\]|\\.)+)`)/g;
  return new Set([...text.matchAll(call)].map((match) => (match[1] ?? match[2] ?? match[3])!.replace(/\\(.)/g, '$1')));
}

const files = readdirSync(tests, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.ts') && !path.startsWith('fixtures'),
);
const titles = new Map(files.map((path) => [path, titlesIn(readFileSync(join(tests, path), 'utf8'))]));

interface Citation {
  readonly file: string;
  readonly title: string;
}

function citationsIn(text: string): Citation[] {
  return [...text.matchAll(/`([\w/.-]+\.ts)`: \*([^*]+)\*/g)].map(([, file, title]) => ({
    file: file!,
    title: title!,
  }));
}

/** Row by row: `A1` to what stands in its last column. */
const rows = new Map(
  [...page.matchAll(/^\| ([A-G]\d*) \|[^|]*\|(.*)\|$/gm)].map(([, id, here]) => [id!, here!.trim()]),
);

/** `A4 A5: one source ...` is about two. */
function idsOf(title: string): string[] {
  return /^(?:[A-F]\d{1,2}\b[\s,:]*)+/.exec(title)?.[0].match(/[A-F]\d+/g) ?? [];
}

describe('tests named on the page', () => {
  test('are many enough for this test to mean something', () => {
    expect(citationsIn(page).length).toBeGreaterThan(60);
    expect([...titles.values()].reduce((sum, { size }) => sum + size, 0)).toBeGreaterThan(500);
  });

  test('exist, each in its file', () => {
    const lost = citationsIn(page).filter(({ file, title }) => !titles.get(file)?.has(title));
    expect(lost).toEqual([]);
  });

  test('every file in backquotes under src/ exists', () => {
    const named = [...page.matchAll(/`(src\/[\w/.-]+)`/g)].map(([, path]) => path!);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((path) => !existsSync(join(tests, '..', path)))).toEqual([]);
  });
});

describe('disasters', () => {
  const counts = { A: 15, B: 16, C: 10, D: 7, E: 11, F: 11 };
  const all = Object.entries(counts).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, at) => `${letter}${at + 1}`),
  );

  test('each has one row, in order', () => {
    expect([...rows.keys()]).toEqual([...all, 'G']);
    expect([...page.matchAll(/^\| [A-G]\d* \|/gm)]).toHaveLength(rows.size);
  });

  test('each row names a test, says why it cannot happen, or what is missing', () => {
    const silent = [...rows].filter(
      ([, here]) => citationsIn(here).length === 0 && !/not here|not yet|as F5/i.test(here),
    );
    expect(silent.map(([id]) => id)).toEqual([]);
  });

  test('a row for which a test exists names one of its tests', () => {
    const tested = new Set([...titles.values()].flatMap((some) => [...some].flatMap(idsOf)));
    expect(tested.size).toBeGreaterThan(30);
    const unnamed = [...tested].filter(
      (id) => !citationsIn(rows.get(id) ?? '').some(({ title }) => idsOf(title).includes(id)),
    );
    expect(unnamed).toEqual([]);
  });

  test('an issue is named wherever a whole row is not yet tested', () => {
    const open = [...rows].filter(
      ([, here]) => citationsIn(here).length === 0 && /not yet/i.test(here) && !/issue \d/.test(here),
    );
    expect(open.map(([id]) => id).filter((id) => !/A named test/.test(rows.get(id)!))).toEqual([]);
  });
});

test('a title is found however it is written', () => {
  const found = titlesIn(
    `test('X1 it\\'s', () => {}); describe.skipIf(x)("X2 two", f); test.each([1, 2])(\`X3 %s\`, f); test.skipIf(!a).each(b)('four', f);`,
  );
  expect([...found]).toEqual(["X1 it's", 'X2 two', 'X3 %s', 'four']);
});
