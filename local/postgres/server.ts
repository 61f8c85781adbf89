/**
 * Starts a real PostgreSQL server on this machine: a new cluster with checksums and a password, listening on 127.0.0.1
 * only. It ends with us, however we end: a small shell beside it waits on a pipe that closes when our process is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fchownSync, openSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { fail, isTidemarkError } from '../../src/core/errors.ts';
import { systemRandom } from '../../src/core/random.ts';
import { withClient } from '../../src/sources/postgres/client.ts';
import { parseConnection } from '../../src/sources/postgres/connection.ts';
import { type Account, unprivilegedAccount } from './account.ts';
import { findPostgres, type PostgresTools } from './find.ts';

export interface StartOptions {
  readonly tools?: PostgresTools;
  /** Made when it is not there; a cluster that is in it already is used again, if `password` is given. */
  readonly dataDirectory: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly superuser?: string;
  /** Drawn at random when not given. */
  readonly password?: string;
  /** Off, the default, is fast and loses data when the machine crashes: for servers that are thrown away. */
  readonly durable?: boolean;
  /** For `postgres -c`, over what is usual here: `{ wal_level: 'replica' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface RunningPostgres {
  /** The database `postgres`, as superuser, with the password. */
  readonly url: string;
  readonly port: number;
  readonly tools: PostgresTools;
  /** The same server, another database. */
  urlOf(database: string): string;
  /** `fast` ends all sessions; `immediate` stops as a crash would. */
  stop(how?: 'fast' | 'immediate'): Promise<void>;
}

const patience = 30_000;

/** Errors: `ToolMissing`, `TargetUnusable` (the folder), `DatabaseUnreachable` (it does not start; the message says why). */
export async function startPostgres(options: StartOptions): Promise<RunningPostgres> {
  const tools = options.tools ?? (await findPostgres());
  const superuser = options.superuser ?? 'postgres';
  const password = options.password ?? systemRandom.bytes(18).toString('base64url');
  const account = await unprivilegedAccount();
  await prepare({ ...options, superuser, password, known: options.password !== undefined }, tools, account);
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port || (await freePort());
    const server = launch(options, tools, account, port);
    const urlOf = (database: string): string =>
      `postgres://${encodeURIComponent(superuser)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
    try {
      await ready(server, urlOf('postgres'));
      return {
        url: urlOf('postgres'),
        port,
        tools,
        urlOf,
        stop: (how = 'fast') => stop(server, options.dataDirectory, how),
      };
    } catch (error) {
      server.process.stdin?.destroy();
      await Promise.race([server.ended, systemClock.sleep(5000)]);
      // Somebody took the port between our looking and the server's binding.
      if (attempt < 3 && !options.port && /Address already in use/.test(server.words())) continue;
      throw error;
    }
  }
}

async function prepare(
  options: StartOptions & { superuser: string; password: string; known: boolean },
  tools: PostgresTools,
  account: Account | undefined,
): Promise<void> {
  const { dataDirectory } = options;
  await mkdir(dataDirectory, { recursive: true });
  const inside = await readdir(dataDirectory);
  if (inside.includes('PG_VERSION')) {
    if (options.known) return;
    fail('TargetUnusable', `${dataDirectory} holds a cluster already, and its password was not given`);
  }
  if (inside.length > 0) fail('TargetUnusable', `${dataDirectory} is neither empty nor a cluster of PostgreSQL`);
  await chmod(dataDirectory, 0o700);
  if (account !== undefined) await chown(dataDirectory, account.uid, account.gid);
  // Outside of the data folder, as initdb wants that empty.
  const passwordFile = `${dataDirectory}.password`;
  await writeFile(passwordFile, options.password, { mode: 0o600 });
  if (account !== undefined) await chown(passwordFile, account.uid, account.gid);
  try {
    const child = spawn(
      join(tools.folder, 'initdb'),
      [
        ...['--pgdata', dataDirectory, '--username', options.superuser, '--pwfile', passwordFile, '--data-checksums'],
        ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C.UTF-8', ...(options.durable ? [] : ['--no-sync'])],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', ...identity(account) },
    );
    const words = collect(child);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) {
      fail('TargetUnusable', `no cluster can be made in ${dataDirectory}: ${words().trim().split('\n').at(-1)}`, {
        hint: `The folder must be open to the user ${account?.name ?? 'who runs this'}, with all above it; one below /tmp will do.`,
        context: { stderr: words() },
      });
    }
  } finally {
    await rm(passwordFile, { force: true });
  }
}

interface Launched {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  /** The last of what it wrote to its log. */
  words(): string;
}

/**
 * `$0 $@` is the server. The watcher's read ends when our end of the pipe is closed: by `stop`, or by our death. It asks
 * again, as a server that is only just starting does not hear it yet. The watcher is waited for at the end, so that nothing
 * is left running when the shell is gone.
 */
const watch = `exec 3<&0
"$0" "$@" </dev/null & server=$!
(read -r line <&3; while kill -INT $server; do sleep 1; done) 2>/dev/null & watcher=$!
exec 3<&-
wait $server; code=$?
kill $watcher 2>/dev/null; wait $watcher 2>/dev/null
exit $code`;

function launch(options: StartOptions, tools: PostgresTools, account: Account | undefined, port: number): Launched {
  const throwaway = [
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'wal_level=minimal',
    'max_wal_senders=0',
  ];
  const settings = [
    ...[
      'listen_addresses=127.0.0.1',
      `port=${port}`,
      'unix_socket_directories=',
      'shared_buffers=256MB',
      'max_wal_size=4GB',
    ],
    ...['maintenance_work_mem=128MB', 'jit=off', 'log_destination=stderr', 'logging_collector=off', 'timezone=UTC'],
    ...(options.durable ? [] : throwaway),
    ...Object.entries(options.settings ?? {}).map(([name, value]) => `${name}=${value}`), // the last one holds
  ];
  // A file and no pipe: a server that nobody listens to for a while would stand still.
  const logFile = join(options.dataDirectory, 'server.log');
  const log = openSync(logFile, 'a', 0o600);
  // it lies in the data directory: a base backup sends it, and the server has to be able to read it
  if (account !== undefined) fchownSync(log, account.uid, account.gid);
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      watch,
      join(tools.folder, 'postgres'),
      '-D',
      options.dataDirectory,
      ...settings.flatMap((setting) => ['-c', setting]),
    ],
    // A group of its own: a Ctrl-C in the terminal is ours to answer, not the server's.
    { stdio: ['pipe', 'ignore', log], cwd: '/', detached: true, ...identity(account) },
  );
  closeSync(log);
  child.stdin?.on('error', () => {});
  const ended = once(child, 'close').catch(() => {});
  return { process: child, ended, words: () => readFileSync(logFile, 'utf8').slice(-8192) };
}

async function ready(server: Launched, url: string): Promise<void> {
  const start = systemClock.elapsed();
  const connection = parseConnection(url);
  for (;;) {
    if (server.process.exitCode !== null || server.process.signalCode !== null) {
      await server.ended;
      fail('DatabaseUnreachable', `PostgreSQL did not start: ${lastFault(server.words())}`, {
        context: { stderr: server.words() },
      });
    }
    try {
      await withClient(connection, (client) => client.query('select 1'));
      return;
    } catch (error) {
      const answered = !isTidemarkError(error, 'DatabaseUnreachable');
      // It may be another server that answers at this port; then ours is about to end, and knows why.
      if (answered) await Promise.race([server.ended, systemClock.sleep(1000)]);
      if (answered && server.process.exitCode === null) throw error;
      if (systemClock.elapsed() - start > patience) throw error;
    }
    await systemClock.sleep(30);
  }
}

function lastFault(words: string): string {
  const lines = words.trim().split('\n');
  const cause = lines.find((line) => /could not bind|FATAL|ERROR/.test(line)) ?? lines.at(-1) ?? '';
  return cause.replace(/^.*?(?:LOG|FATAL|ERROR|WARNING): +/, '') || 'it said nothing';
}

async function stop(server: Launched, dataDirectory: string, how: 'fast' | 'immediate'): Promise<void> {
  if (how === 'immediate' && server.process.exitCode === null) await crash(dataDirectory);
  server.process.stdin?.destroy();
  await server.ended;
}

/** SIGQUIT to the server itself, whose number is in the first line of its lock file. */
async function crash(dataDirectory: string): Promise<void> {
  const number = Number.parseInt(await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8'), 10);
  if (number > 1) process.kill(number, 'SIGQUIT');
}

function identity(account: Account | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid };
}

/** The last of what a program says on standard error. */
function collect(child: ChildProcess): () => string {
  let words = '';
  child.stderr?.on('data', (part) => {
    words = (words + String(part)).slice(-8192);
  });
  return () => words;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : fail('Unexpected', 'no free port');
}
