/**
 * The proof of a rehearsal: the stock server of that version starts on what was restored, replays its log, and every table
 * of every database is read. It runs with settings of its own, so that nothing of the restored ones reaches out of the
 * scratch place: no network, no archiving, no libraries, no other cluster. Where that version is not on this machine,
 * nothing is started, and `checked` does not speak of a server.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, constants, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { asTidemarkError } from '../../../../core/errors.ts';
import type { Problem } from '../../../../format/snapshot.ts';
import type { RestoreContext, ValidationReport } from '../../../port.ts';
import { type Client, withClient } from '../../client.ts';
import type { Connection } from '../../connection.ts';
import { physicalDetails } from '../layout.ts';

const execute = promisify(execFile);
const longestStart = 600;

interface Stage {
  readonly target: string;
  /** Folder of `postgres` and `pg_ctl`. */
  readonly programs: string;
  /** A folder of our own: socket, settings, log. */
  readonly place: string;
  /** Whom the files belong to; undefined when that is us. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

/** `folders` may hold servers. The target is not what it was afterwards. */
export async function rehearse(
  folders: readonly string[],
  source: Connection,
  { target, details, deadline, log }: RestoreContext,
): Promise<ValidationReport> {
  const { major } = physicalDetails.parse(details);
  const programs = await serverIn(folders, major);
  if (programs === undefined) {
    log.info('rehearsed-without-a-server', { because: `there is no server of PostgreSQL ${major} on this machine` });
    return { checked: {}, problems: [] };
  }
  const { uid, gid } = await stat(target);
  const owner = process.geteuid?.() === 0 && uid !== 0 ? { uid, gid } : undefined;
  if (!(await isReachable(target, owner))) {
    log.warn('rehearsed-without-a-server', {
      because: `the user ${uid}, whom the files belong to, cannot get at ${target}`,
      hint: 'Set TIDEMARK_SCRATCH to a folder that is open to that user, or run the drill as that user.',
    });
    return { checked: {}, problems: [] };
  }
  const place = await mkdtemp(join(tmpdir(), 'tidemark-rehearsal-'));
  const stage: Stage = { target, programs, place, owner };
  try {
    await prepare(stage);
    const trouble = await start(stage, deadline.remaining());
    if (trouble !== undefined) {
      return { checked: { servers: 0 }, problems: [{ path: '.', what: `the server did not start on it: ${trouble}` }] };
    }
    return await readAll(stage, source, () => deadline.passed());
  } catch (error) {
    // not thrown: what was restored is used up, and a second attempt could not tell anything of it
    const what = `the server that was started on it could not be read: ${asTidemarkError(error).message}`;
    return { checked: {}, problems: [{ path: '.', what }] };
  } finally {
    await control(stage, ['stop', '-m', 'immediate', '-w']).catch(() => {}); // it may not have started
    await rm(place, { recursive: true, force: true });
  }
}

async function serverIn(folders: readonly string[], major: number): Promise<string | undefined> {
  for (const folder of folders) {
    try {
      await access(join(folder, 'pg_ctl'), constants.X_OK);
      const { stdout } = await execute(join(folder, 'postgres'), ['--version']);
      if (Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]) === major) return folder;
    } catch {
      // not here
    }
  }
  return undefined;
}

/** A server does not run as root, and whom it runs as may not see what root sees. */
async function isReachable(target: string, owner: Stage['owner']): Promise<boolean> {
  return execute('/bin/sh', ['-c', 'cd "$0"', target], { cwd: '/', ...owner }).then(
    () => true,
    () => false,
  );
}

/** Settings of the command line hold whatever `postgresql.auto.conf` of the restored server says. */
const settings = [
  ...['listen_addresses=', 'shared_preload_libraries=', 'session_preload_libraries=', 'local_preload_libraries='],
  ...[
    'archive_mode=off',
    'primary_conninfo=',
    'restore_command=false',
    'archive_cleanup_command=',
    'recovery_end_command=',
  ],
  ...[
    'fsync=off',
    'autovacuum=off',
    'hot_standby=off',
    'allow_in_place_tablespaces=on',
    'jit=off',
    'max_wal_senders=0',
  ],
  ...['ssl=off', 'logging_collector=off'],
];

async function prepare({ place, owner }: Stage): Promise<void> {
  await writeFile(join(place, 'postgresql.conf'), 'shared_buffers = 64MB\n', { mode: 0o600 });
  // whoever reaches the socket may come in, and only its owner does: the folder is closed
  await writeFile(join(place, 'pg_hba.conf'), 'local all all trust\n', { mode: 0o600 });
  await writeFile(join(place, 'pg_ident.conf'), '', { mode: 0o600 });
  if (owner === undefined) return;
  for (const name of ['postgresql.conf', 'pg_hba.conf', 'pg_ident.conf', '.']) {
    await chown(join(place, name), owner.uid, owner.gid);
  }
}

/** Waits until it has replayed its log. Returns why it did not start. */
async function start(stage: Stage, milliseconds: number): Promise<string | undefined> {
  const { place } = stage;
  const files = ['config_file', 'hba_file', 'ident_file'].map((name) => {
    const file = name === 'config_file' ? 'postgresql.conf' : `pg_${name.replace('_file', '')}.conf`;
    return `${name}=${join(place, file)}`;
  });
  const options = [...settings, ...files, `unix_socket_directories=${place}`, 'port=5432'];
  const seconds = Math.max(1, Math.min(longestStart, Math.floor(milliseconds / 1000)));
  const words = join(place, 'server.log');
  try {
    await control(stage, [
      ...['start', '-w', '-t', String(seconds), '-l', words, '-o', options.map((one) => `-c "${one}"`).join(' ')],
    ]);
    return undefined;
  } catch (error) {
    const said = await readFile(words, 'utf8').catch(() => String(error));
    const lines = said.trim().split('\n');
    return (lines.find((line) => /FATAL|PANIC/.test(line)) ?? lines.at(-1) ?? '').replace(/^.*?(?=FATAL|PANIC)/, '');
  }
}

async function control({ target, programs, owner }: Stage, words: readonly string[]): Promise<void> {
  const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
  await execute(join(programs, 'pg_ctl'), [...words, '-D', target], { env: environment, cwd: '/', ...owner });
}

async function readAll(stage: Stage, source: Connection, late: () => boolean): Promise<ValidationReport> {
  const checked = { servers: 1, databases: 0, tables: 0, rows: 0, indexes: 0 };
  const problems: Problem[] = [];
  const at = { ...source, host: stage.place, port: 5432, password: undefined, options: undefined, connectSeconds: 60 };
  const as = (user: string, database: string): Connection => ({ ...at, user, database });
  await recovered(as(source.user, source.database), late);
  const { superuser, databases } = await look(as, source);
  for (const { name } of databases) {
    if (late()) break;
    await withClient(as(superuser, name), (client) => readDatabase(client, name, checked, problems, late));
    checked.databases += 1;
  }
  return { checked, problems };
}

const stillRecovering = /not accepting connections|starting up|in recovery|not yet accepting/i;
const pause = 100;
const longestPauses = (longestStart * 1000) / pause;

/** To `pg_ctl` a server that still replays its log is up. Whatever else it answers, it has replayed it. */
async function recovered(connection: Connection, late: () => boolean): Promise<void> {
  for (let pauses = 0; pauses < longestPauses && !late(); pauses += 1) {
    const answer = await withClient(connection, async () => '').catch((error: Error) => error.message);
    if (!stillRecovering.test(answer)) return;
    await once(AbortSignal.timeout(pause), 'abort');
  }
}

/** By the role that took the backup, or by the usual one where that had another name then. */
async function look(
  as: (user: string, database: string) => Connection,
  source: Connection,
): Promise<{ superuser: string; databases: readonly { name: string }[] }> {
  const roles = `select rolname as name from pg_roles where oid = 10`;
  const all = 'select datname as name from pg_database where datallowconn order by 1';
  const asking = (connection: Connection) =>
    withClient(connection, async (client) => ({
      superuser: (await client.query<{ name: string }>(roles)).rows[0]!.name,
      databases: (await client.query<{ name: string }>(all)).rows,
    }));
  return asking(as(source.user, source.database)).catch(() => asking(as('postgres', 'template1')));
}

async function readDatabase(
  client: Client,
  database: string,
  checked: { tables: number; rows: number; indexes: number },
  problems: Problem[],
  late: () => boolean,
): Promise<void> {
  const attempt = async (path: string, query: string): Promise<Record<string, unknown>[]> => {
    try {
      return (await client.query<Record<string, unknown>>(query)).rows;
    } catch (error) {
      problems.push({ path: `${database}: ${path}`, what: (error as Error).message });
      return [];
    }
  };
  const relations = await client.query<{ name: string; oid: number; kind: string }>(
    `select oid::regclass::text as name, oid::int8::int as oid, relkind as kind from pg_class
     where relkind in ('r', 'm', 'i') and relpersistence = 'p' and (relkind <> 'm' or relispopulated)
       and (relkind <> 'i' or (relam = 403 and exists (select from pg_index where indexrelid = pg_class.oid and indisvalid)))
     order by relkind desc, oid`,
  );
  const amcheck = await client.query('create extension if not exists amcheck').then(
    () => true,
    () => false, // it does not come with every server
  );
  for (const { name, oid, kind } of relations.rows) {
    if (late()) return;
    if (kind !== 'i') {
      const [{ count } = {}] = await attempt(name, `select count(*) from ${name}`);
      checked.tables += 1;
      checked.rows += Number(count ?? 0);
      for (const row of amcheck
        ? await attempt(name, `select blkno, msg from verify_heapam(${oid}::oid::regclass)`)
        : []) {
        problems.push({ path: `${database}: ${name}`, what: `block ${row.blkno}: ${row.msg}` });
      }
    } else if (amcheck) {
      await attempt(name, `select bt_index_check(${oid}::oid::regclass)`);
      checked.indexes += 1;
    }
  }
}
