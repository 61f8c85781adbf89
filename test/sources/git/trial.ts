/** Repositories for tests, made by Git itself or by isomorphic-git, and a Git server on this machine. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs, { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import isomorphic from 'isomorphic-git';
import { VirtualClock } from '../../../src/core/clock.ts';
import { noDeadline } from '../../../src/core/deadline.ts';
import { createLog } from '../../../src/core/log.ts';
import { decodeTree, type TreeEntry } from '../../../src/format/tree.ts';
import type { CaptureContext, CapturedContent, PreviousSnapshot, Source } from '../../../src/sources/port.ts';
import { MemoryContent } from '../memory-content.ts';

export const noGit = spawnSync('git', ['--version']).status !== 0;

const folders: string[] = [];
const servers: Server[] = [];
export const lines: string[] = [];

export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'tidemark-git-test-'));
  folders.push(made);
  return made;
}

export async function cleanUp(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
}

const time = '2026-03-15T12:34:56+01:00';
const environment = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'Ada Écrit',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_AUTHOR_DATE: '2026-03-14T08:00:00+01:00',
  GIT_COMMITTER_NAME: 'Com Mitter',
  GIT_COMMITTER_EMAIL: 'com@example.org',
  GIT_COMMITTER_DATE: time,
};

export function git(directory: string, ...parameters: string[]): string {
  return execFileSync('git', ['-C', directory, '-c', 'protocol.file.allow=always', ...parameters], {
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

/** A repository with the files given, committed once on the branch `main`. */
export function repository(files: Readonly<Record<string, string | Buffer>>): string {
  const directory = folder();
  git(directory, 'init', '-q', '-b', 'main');
  commit(directory, files, 'First');
  return directory;
}

export function commit(directory: string, files: Readonly<Record<string, string | Buffer>>, message: string): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  git(directory, 'add', '-A');
  git(directory, 'commit', '-q', '--allow-empty', '-m', message);
  return git(directory, 'rev-parse', 'HEAD');
}

/** The same without Git: for machines that have none. */
export async function repositoryWithoutGit(
  files: Readonly<Record<string, string>>,
): Promise<{ directory: string; commit: string }> {
  const directory = folder();
  await isomorphic.init({ fs, dir: directory, defaultBranch: 'main' });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
    await isomorphic.add({ fs, dir: directory, filepath: path });
  }
  const author = { name: 'Ada', email: 'ada@example.org', timestamp: 1_773_574_496, timezoneOffset: 0 };
  return { directory, commit: await isomorphic.commit({ fs, dir: directory, message: 'First\n', author }) };
}

export function captureContext(content: MemoryContent, more: Partial<CaptureContext> = {}): CaptureContext {
  return {
    sink: content,
    previous: undefined,
    cadence: 'change',
    revision: undefined,
    deadline: noDeadline,
    clock: new VirtualClock('2026-04-01T00:00:00Z'),
    log: createLog((line) => lines.push(line), 'debug'),
    ...more,
  };
}

export interface Captured extends CapturedContent {
  readonly content: MemoryContent;
  /** Calls of `capture` that it took. */
  readonly calls: number;
}

export async function capture(
  source: Source,
  more: Partial<CaptureContext> = {},
  content = new MemoryContent(),
): Promise<Captured> {
  const context = captureContext(content, more);
  const [shard, ...others] = await source.split(context);
  if (others.length > 0) throw new Error('a commit is one shard');
  let outcome = await source.capture(shard!, undefined, context);
  let calls = 1;
  for (; !outcome.done; calls += 1) {
    if (calls > 1000) throw new Error('it comes to no end');
    outcome = await source.capture(shard!, JSON.parse(JSON.stringify(outcome.state)), context);
  }
  return { ...(await source.combine([JSON.parse(JSON.stringify(outcome.result))], context)), content, calls };
}

export function previousOf(captured: Captured): PreviousSnapshot {
  return {
    id: 'before',
    root: captured.root,
    time: new Date(0),
    details: captured.details,
    totals: { ...captured.totals, stored: 0 },
    tree: (id) => captured.content.tree(id),
  };
}

/** Everything in the snapshot by path; names that are no UTF-8 in base64. */
export function entriesOf(captured: Captured, root = captured.root, path = ''): Record<string, TreeEntry> {
  const found: Record<string, TreeEntry> = {};
  for (const entry of decodeTree(captured.content.blobs.get(root)!).entries) {
    const full = `${path}${entry.name ?? entry.nameBase64}`;
    found[full] = entry;
    if (entry.tree !== undefined) Object.assign(found, entriesOf(captured, entry.tree, `${full}/`));
  }
  return found;
}

export function textOf(captured: Captured, path: string): string {
  const entry = entriesOf(captured)[path]!;
  return Buffer.concat((entry.blobs ?? []).map((id) => captured.content.blobs.get(id)!)).toString();
}

interface ServerOptions {
  readonly user?: string;
  readonly password?: string;
  /** Answers instead of Git, when it returns true. */
  readonly instead?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Serves the repositories in `root` as git-http-backend does. Returns the URL of the folder. */
export async function gitServer(root: string, { user, password, instead }: ServerOptions = {}): Promise<string> {
  const server = createServer((request, response) => {
    if (instead?.(request, response)) return;
    const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    if (user !== undefined && request.headers.authorization !== wanted) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    answer(root, request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return `http://127.0.0.1:${address.port}`;
}

function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://here');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...environment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => {});
  const parts: Buffer[] = [];
  child.stdout.on('data', (part) => parts.push(part));
  child.on('close', () => {
    const all = Buffer.concat(parts);
    const end = all.indexOf('\r\n\r\n');
    let status = 200;
    for (const line of all.toString('latin1', 0, end).split('\r\n')) {
      const [name = '', value = ''] = line.split(/: (.*)/);
      if (name === 'Status') status = Number.parseInt(value, 10);
      else if (name !== '') response.setHeader(name, value);
    }
    response.writeHead(status).end(all.subarray(end + 4));
  });
}
