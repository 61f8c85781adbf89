/** What `npm start` runs, as a person starts it: a program of its own, judged by its words, its exit code and what it leaves. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { censusDifferences, takeCensus } from '../../local/start/census.ts';
import { commitConfiguration } from '../../local/start/repository.ts';

const program = fileURLToPath(new URL('../../local/start/main.ts', import.meta.url));
const slow = 240_000;
const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'tidemark-start-test-'));
  folders.push(made);
  return made;
}

afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the output so far has these words. */
  says(words: RegExp): Promise<RegExpExecArray>;
}

function start(...parameters: string[]): Started {
  const child = spawn(process.execPath, [program, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (part) => {
    output += String(part);
  });
  child.stderr.on('data', (part) => {
    errors += String(part);
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output, errors }));
  return {
    process: child,
    ended,
    async says(words) {
      for (;;) {
        const found = words.exec(output);
        if (found) return found;
        if (child.exitCode !== null) throw new Error(`it ended without saying ${words}:\n${output}\n${errors}`);
        await Promise.race([once(child.stdout, 'data'), ended]);
      }
    },
  };
}

const workspaceIn = (output: string): string => /everything happens in (\S+)/.exec(output)![1]!;

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).then((answer) => {
    socket.destroy();
    return answer as boolean;
  });
}

test('the whole story: a month, a disaster, and every row and byte back; nothing is left behind', {
  timeout: slow,
}, async () => {
  const { code, output, errors } = await start('--quick').ended;
  expect(errors).toBe('');
  expect(output).toMatch(/the run FAILED for user-data and its alert came out; the others succeeded/);
  expect(output).toMatch(/RESOLVED: user-data was not backed up/);
  expect(output).toMatch(/of exactly [0-9a-f]{12}/);
  expect(output).toMatch(/prune preview: of \d+ snapshots \d+ stay, [1-9]\d* go/);
  expect(output).toMatch(/both damages found and repaired from the replica/);
  expect(output).toMatch(/the primary vault is gone/);
  expect(output).toMatch(/rows in \d+ tables, \d+ sequences and \d+ definitions: all the same/);
  expect(output).toMatch(/hard link, 1 other: every byte, mode, \w+ and link is the same/);
  expect(output).toMatch(/every one has the commit's own Git hash and mode/);
  expect(output).toMatch(/Took +\d+ seconds/);
  expect(code).toBe(0);
  expect(existsSync(workspaceIn(output))).toBe(false);
});

test('an interruption stops the database server and removes the workspace', { timeout: slow }, async () => {
  const started = start('--quick');
  const [, port] = await started.says(/runs on 127\.0\.0\.1:(\d+)/);
  expect(await isListening(Number(port))).toBe(true);
  started.process.kill('SIGINT');
  const { code, output, errors } = await started.ended;
  expect(errors).toMatch(/Interrupted \(SIGINT\)/);
  expect(code).toBe(130);
  expect(existsSync(workspaceIn(output))).toBe(false);
  expect(await isListening(Number(port))).toBe(false);
});

test('own files and an own repository are read, compared, and not touched', { timeout: slow }, async () => {
  const [files, repository] = [folder(), folder()];
  mkdirSync(join(files, 'inner'));
  writeFileSync(join(files, 'inner/one'), 'one');
  linkSync(join(files, 'inner/one'), join(files, 'the same'));
  symlinkSync('inner', join(files, 'link'));
  await commitConfiguration(repository, 1, new Date('2026-03-01T00:00:00Z'));
  const before = [takeCensus(files), takeCensus(repository)];
  const { code, output, errors } = await start('--files', files, '--git', repository, '--keep').ended;
  const workspace = workspaceIn(output);
  folders.push(workspace);
  expect(errors).toBe('');
  expect(code).toBe(0);
  expect(output).not.toMatch(/PostgreSQL/);
  expect([takeCensus(files), takeCensus(repository)]).toEqual(before);
  expect(censusDifferences(before[0]!, takeCensus(join(workspace, 'restored', 'own-files')))).toEqual([]);
});

test('a census sees each kind of difference', () => {
  const [one, other] = [folder(), folder()];
  for (const place of [one, other]) {
    writeFileSync(join(place, 'a'), 'a');
    writeFileSync(join(place, 'b'), 'a', { mode: place === one ? 0o644 : 0o600 });
    symlinkSync(place === one ? 'a' : 'b', join(place, 'link'));
  }
  writeFileSync(join(one, 'c'), 'a');
  linkSync(join(other, 'a'), join(other, 'c'));
  writeFileSync(join(one, 'only'), '');
  const names = censusDifferences(takeCensus(one), takeCensus(other)).map((line) => line.split(':')[0]);
  // The times of `.` and `a` differ too, as the files were made one after the other.
  expect(names).toEqual(expect.arrayContaining(['"./b"', '"./c"', '"./link"', '"./only"', '"./a"']));
});

test.each([
  [['--flies', '/'], 64, /Unknown option '--flies'/],
  [['--postgres', 'mysql://somewhere/else'], 64, /the database URL/],
  [['--files', '/no/such/place'], 66, /there is no \/no\/such\/place/],
  [['--quick', '--files', '/'], 64, /--quick makes less sample data/],
])('%j is refused with what is wrong and what to do', async (parameters, expected, words) => {
  const { code, output, errors } = await start(...parameters).ended;
  expect(errors).toMatch(words);
  expect(errors).not.toMatch(/ {4}at /);
  expect(output).toBe('');
  expect(code).toBe(expected);
});

test('--help says what there is', async () => {
  const { code, output } = await start('--help').ended;
  for (const option of ['--files', '--postgres', '--git', '--keep', '--quick']) expect(output).toContain(option);
  expect(code).toBe(0);
});
