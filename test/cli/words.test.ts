/** The parts of the command line that need no process: help, arguments, and how things are written. */
import { describe, expect, test } from 'vitest';
import { readArguments, splitVerb } from '../../cli/arguments.ts';
import { programHelp, verbHelp } from '../../cli/help.ts';
import { program } from '../../cli/program.ts';
import { verbs } from '../../cli/verbs.ts';
import { count, duration, plain, size, table } from '../../cli/words.ts';

describe('help', () => {
  test.each(Object.entries(verbs))(
    '%s fits into 80 columns and its examples are command lines that it takes',
    (name, verb) => {
      const help = verbHelp(name, verb);
      for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
      for (const [example] of verb.examples) {
        expect(help).toContain(`tidemark ${example}`);
        const words = example.split(/ (?:\||<<<) /)[0]!.match(/"[^"]*"|\S+/g)!;
        const split = splitVerb(words);
        expect(split.verb).toBe(name);
        readArguments(name, verb, split.rest);
      }
      for (const option of Object.keys(verb.options)) expect(help).toContain(`--${option}`);
    },
  );

  test('of the program names every verb, within 80 columns', () => {
    const help = programHelp(verbs);
    for (const name of Object.keys(verbs)) expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });
});

describe('arguments', () => {
  const verb = {
    options: { source: { value: 'ID', many: true, about: '' }, dry: { about: '' } },
    operands: ['[PATH]'],
  } as const;

  test('options before the verb are not taken for it', () => {
    expect(splitVerb(['--plan', 'a.yml', 'backup', '--json'])).toEqual({
      verb: 'backup',
      rest: ['--plan', 'a.yml', '--json'],
    });
  });

  test('several values, both ways of writing them, and operands', () => {
    const given = readArguments('x', verb, ['--source', 'a', '--source=b', 'here', '--dry']);
    expect([given.list('source'), given.operands, given.flag('dry'), given.flag('json')]).toEqual([
      ['a', 'b'],
      ['here'],
      true,
      false,
    ]);
  });

  test.each([
    [['--source', '--dry'], /--source needs a value/],
    [['--source='], /--source needs a value/],
    [['--dry=yes'], /takes no value/],
    [['--plan', 'a', '--plan', 'b'], /twice/],
    [['one', 'two'], /"two" is one word too many/],
    [['--toString'], /no option --toString/],
  ])('%j is refused', (words, says) => {
    expect(() => readArguments('x', verb, words)).toThrow(says);
  });
});

describe('the program', () => {
  async function answer(words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ['', ''];
    const code = await program(words, {
      async out(chunk) {
        out += chunk;
      },
      err(text) {
        err += text;
      },
      colours: false,
      debug: false,
    });
    return { code, out, err };
  }

  test.each([
    [['bakup'], /no verb "bakup"/, /`tidemark backup`/],
    [['backup', '--source'], /--source needs a value/, /--help/],
    [['backup', 'data'], /"data" is one word too many/, /--help/],
    [['backup', '--cadence', 'ful'], /no cadence "ful"/, /full/],
    [['restore', '--target', 'x'], /needs --source/, /--help/],
    [['restore', '--source', 'data', '--target', 'x', '--at', '2026-03-14T18:00:00'], /no offset/, /\+01:00/],
    [['restore', '--source', 'data', '--target', 'x', '--at', 'yesterday'], /is no time/, /2026-/],
    [['restore', '--source', 'data', '--target', 'x', '--at', '2026-13-14T18:00:00Z'], /is no time/, /2026-/],
    [['snapshots', '--vault', 'first'], /is no number/, /0 for the primary/],
    [['run', 'restor', '--input', '-'], /no workflow "restor"/, /restore/],
    [[], /a verb is missing/, /--help/],
  ])('%j is refused with what is wrong and what to do, for people and for scripts', async (words, says, hint) => {
    const people = await answer(words);
    expect(people).toMatchObject({ code: 64, out: '' });
    expect(people.err).toMatch(/^tidemark: [^\n]+\n$/);
    expect(people.err).toMatch(says);
    expect(people.err).toMatch(hint);
    const script = await answer([...words, '--json']);
    expect(script.code).toBe(64);
    expect(JSON.parse(script.out)).toEqual({
      error: { name: 'UsageInvalid', message: expect.stringMatching(says), hint: expect.stringMatching(hint) },
    });
  });

  test('explains itself and each verb on standard output', async () => {
    expect(await answer(['--help'])).toMatchObject({ code: 0, err: '', out: programHelp(verbs) });
    expect(await answer(['restore', '-h'])).toMatchObject({
      code: 0,
      err: '',
      out: verbHelp('restore', verbs.restore!),
    });
  });
});

test('sizes, counts and durations', () => {
  expect([0, 1023, 1024, 150 * 1024, 5.25 * 2 ** 30].map(size)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '150 KiB',
    '5.3 GiB',
  ]);
  expect([count(1, 'file'), count(12_345, 'file')]).toEqual(['1 file', '12,345 files']);
  expect([400, 12_400, 59_700, 185_000, 7_800_000, 3_600_000 * 76].map(duration)).toEqual([
    ...['0.4 s', '12 s', '1 min 0 s', '3 min 5 s', '2 h 10 min', '3 days 4 h'],
  ]);
});

test('a name cannot command the terminal', () => {
  expect(plain('a\u001b[31mb\nc')).toBe('a\uFFFD[31mb\uFFFDc');
  expect(
    table(
      ['NAME', '>N'],
      [
        ['long name', '1'],
        ['x', '12'],
      ],
    ),
  ).toBe('NAME        N\nlong name   1\nx          12\n');
});
