/** A plan, a small tree and two vaults in a folder of their own, and the command line as a process of its own. */
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import {
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { seededRandom } from '../../src/core/random.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents of any shape
type Document = any;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What `--json` printed; it has to be one document. */
  readonly document: Document;
}

export interface Trial {
  readonly folder: string;
  path(...parts: string[]): string;
  tidemark(words: readonly string[], input?: string): Promise<Ended>;
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** Every name below a folder with what it holds: equal when nothing was changed. */
  state(name?: string): Promise<Record<string, string>>;
  copy(): Promise<Trial>;
  end(): Promise<void>;
}

export const planText = `plan: trial
timeZone: UTC
vault:
  primary: { directory: vault }
  replicas:
    - { directory: replica }
  sealing: none
sources:
  - { id: data, kind: files, path: data }
retention: { daily: 7 days, weekly: 4 weeks, atLeast: 2 }
`;

const program = path.resolve(import.meta.dirname, '../../cli/tidemark.js');

export async function createTrial(): Promise<Trial> {
  const trial = trialIn(await mkdtemp(path.join(tmpdir(), 'tidemark-cli-')));
  await trial.write('backup-plan.yml', planText);
  await trial.write('data/letter.txt', 'Dear reader\n');
  await trial.write('data/empty', '');
  await trial.write('data/reports/2026/march.bin', seededRandom(3).bytes(300_000));
  await trial.write('data/reports/2026/april.txt', 'the same line again and again\n'.repeat(2000));
  await symlink('letter.txt', trial.path('data/link'));
  await utimes(trial.path('data/letter.txt'), 1_700_000_000.125, 1_700_000_000.125);
  return trial;
}

function trialIn(folder: string): Trial {
  const at = (...parts: string[]): string => path.join(folder, ...parts);
  return {
    folder,
    path: at,
    tidemark: (words, input) => run(folder, words, input),
    async write(name, content) {
      await mkdir(path.dirname(at(name)), { recursive: true });
      await writeFile(at(name), content);
    },
    state: (name = '.') => stateOf(at(name)),
    async copy() {
      const other = await mkdtemp(path.join(tmpdir(), 'tidemark-cli-'));
      await cp(folder, other, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
      return trialIn(other);
    },
    end: () => rm(folder, { recursive: true, force: true }),
  };
}

async function run(folder: string, words: readonly string[], input = ''): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, TIDEMARK_SCRATCH: path.join(folder, '.scratch') };
  const child = spawn(process.execPath, [program, ...words], { cwd: folder, env });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return {
    code: code as number | null,
    stdout,
    stderr,
    get document(): Document {
      return JSON.parse(stdout);
    },
  };
}

async function stateOf(root: string): Promise<Record<string, string>> {
  const state: Record<string, string> = {};
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    const stat = await lstat(path.join(root, name), { bigint: true });
    const where = path.join(root, name);
    const content = stat.isSymbolicLink()
      ? await readlink(where)
      : stat.isFile()
        ? hash('sha256', await readFile(where))
        : 'directory';
    state[name] = `${stat.mode.toString(8)} ${stat.isDirectory() ? '' : stat.mtimeNs} ${content}`;
  }
  return state;
}
