/**
 * README.md is executed. A block of `console` after `<!-- run: ... -->` is a transcript: each `$ npx tidemark ...` is run by
 * the real command line, in order, and prints what stands below it, but for times, ids and sizes. A block after
 * `<!-- file: NAME -->` is that file. Its `/data` and `/mnt/nas` are folders of the test.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { commonOptions } from '../../cli/arguments.ts';
import { verbs } from '../../cli/verbs.ts';
import { parsePlan } from '../../src/plan/index.ts';

const root = new URL('../../', import.meta.url).pathname;
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const bin = join(root, 'node_modules/.bin');
const home = mkdtempSync(join(tmpdir(), 'tidemark-readme-'));

afterAll(() => rmSync(home, { recursive: true, force: true }));

/** What the reader types instead of `npx tidemark`, with nothing fetched from anywhere. */
function tidemark(command: string, cwd: string) {
  const { PATH, TMPDIR, HOME, LANG } = process.env;
  const env = { PATH: [bin, PATH].join(delimiter), TMPDIR, HOME, LANG, TIDEMARK_SCRATCH: join(home, 'scratch') };
  return spawnSync('sh', ['-c', command.replace(/^npx /, '')], { cwd, env, encoding: 'utf8' });
}

/** With the test's folder before each place. */
const moved = (text: string): string => text.replace(/\/(?:data|mnt\/nas)\b/g, (place) => home + place);

interface Step {
  readonly command: string;
  readonly output: string;
}

function transcripts(): Step[][] {
  const blocks = [...readme.matchAll(/<!-- run: .*? -->\n```console\n([\s\S]*?)```/g)].map(([, text]) => text!);
  return blocks.map((text) =>
    text
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf('\n');
        return { command: part.slice(0, end), output: part.slice(end + 1) };
      }),
  );
}

/** Everything that is another one each time looks alike, and columns that follow its width are one blank wide. */
function alike(text: string): string {
  return text
    .replace(/\d{8}T\d{6}Z/g, 'TIME')
    .replace(/[.-][0-9a-f]{8}\b/g, '#')
    .replace(/\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}Z/g, 'MOMENT')
    .replace(/\d{4}-(?:W\d{2}|\d{2}(?:-\d{2})?)|\b\d{4}\b/g, 'DATE')
    .replace(/\d+(?:\.\d+)? (?:KiB|MiB)/g, 'SIZE')
    .replace(/\d+(?:\.\d+)? s\b/g, 'DURATION')
    .replace(/(\S) {2,}/g, '$1 ');
}

describe('the transcript', () => {
  mkdirSync(join(home, 'mnt/nas'), { recursive: true });
  mkdirSync(join(home, 'data/documents', 'reports'), { recursive: true });
  writeFileSync(join(home, 'data/documents', 'reports', '2026.csv'), 'month,total\n');
  writeFileSync(join(home, 'data/documents', 'note.txt'), 'a note.\n');
  writeFileSync(join(home, 'data/documents', 'scrap.tmp'), 'excluded\n');
  const files = [...readme.matchAll(/<!-- file: (\S+) -->\n```\w+\n([\s\S]*?)```/g)];
  for (const [, name, text] of files) writeFileSync(join(home, name!), moved(text!));

  test('is there, with its plan', () => {
    expect(files.map(([, name]) => name)).toEqual(['laptop.yml']);
    expect(transcripts().map((steps) => steps.length)).toEqual([7]);
    expect(readme).not.toMatch(/```console\n(?<!-->\n```console\n)/);
  });

  test.each(transcripts().flat())('$command', ({ command, output }) => {
    const { status, stdout, stderr } = tidemark(moved(command), home);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(alike(stdout.replaceAll(home, ''))).toBe(alike(output));
  });

  test('has done what it shows: the file is back, and only that', () => {
    expect(readFileSync(join(home, 'data/restored', 'reports', '2026.csv'), 'utf8')).toBe('month,total\n');
    expect(existsSync(join(home, 'data/restored', 'note.txt'))).toBe(false);
  });
});

describe('commands', () => {
  test('npx tidemark --help and --version work from the project', () => {
    const help = tidemark('npx tidemark --help', root);
    expect({ status: help.status, stderr: help.stderr }).toEqual({ status: 0, stderr: '' });
    for (const verb of Object.keys(verbs)) expect(help.stdout).toContain(`  ${verb} `);
    expect(tidemark('npx tidemark --version', root).stdout).toMatch(/^tidemark \d+\.\d+\.\d+\n$/);
  });

  test('every npm command on the page is a script of the project, or npm’s own', () => {
    const named = [...readme.matchAll(/\bnpm (?:run )?([a-z]+)/g)].map(([, name]) => name!);
    expect(named).toEqual(expect.arrayContaining(['ci', 'start', 'test']));
    expect(named.filter((name) => name !== 'ci' && !(name in manifest.scripts))).toEqual([]);
  });

  const pages = ['README.md', 'docs/operations.md', 'docs/retention.md', 'docs/deploy.md', 'events/README.md'];
  test.each(pages)('every verb and option of `npx tidemark` in %s exists', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const used = [...text.matchAll(/npx tidemark ([a-z]+)([^\n`#|;&]*)/g)];
    for (const [line, verb, rest] of used) {
      expect(Object.keys(verbs), line).toContain(verb);
      const known = Object.keys({ ...verbs[verb!]!.options, ...commonOptions });
      for (const [, option] of rest!.matchAll(/--([a-z-]+)/g)) expect(known, line).toContain(option);
    }
    if (page !== 'docs/deploy.md') expect(used.length).toBeGreaterThan(0);
  });

  test('the other sources on the page are sources of a plan', () => {
    const [, postgres, git] = /Other sources: `(\{.*?\})` and\s`(\{.*?\})`/s.exec(readme) ?? [];
    const plan = parsePlan(
      `plan: p\nvault: { primary: { directory: /v } }\nsources:\n  - ${postgres}\n  - ${git}\nretention: { daily: 7 days, atLeast: 3 }\n`,
      'plan.yml',
    );
    expect(plan.sources.map(({ kind }) => kind)).toEqual(['postgres', 'git']);
  });
});
