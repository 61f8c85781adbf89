import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { unprivilegedAccount } from '../../local/postgres/account.ts';
import { everyPostgres, findPostgres } from '../../local/postgres/find.ts';
import { type RunningPostgres, startPostgres } from '../../local/postgres/server.ts';
import { TidemarkError } from '../../src/core/errors.ts';
import { withClient } from '../../src/sources/postgres/client.ts';
import { parseConnection } from '../../src/sources/postgres/connection.ts';

const installed = await everyPostgres().catch(() => []);
const noPostgres = installed.length === 0;
const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'tidemark-server-'));
  chmodSync(made, 0o755);
  folders.push(made);
  return made;
}
const removeAll = (): void => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
};

async function failure(work: Promise<unknown>): Promise<TidemarkError> {
  const error = await work.then(
    (value) => new Error(`no error, but ${JSON.stringify(value)}`),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(TidemarkError);
  return error;
}

/** Process ids whose command line names the folder. */
async function processesOf(path: string): Promise<string[]> {
  const child = spawn('ps', ['-eo', 'pid=,args=']);
  let text = '';
  child.stdout.on('data', (part) => {
    text += String(part);
  });
  await once(child, 'close');
  return text.split('\n').filter((line) => line.includes(path));
}

const answers = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.setTimeout(1000, () => resolve(false)).unref();
  });

describe.skipIf(noPostgres).each(installed.map((tools) => [tools.version, tools] as const))(
  'a server of PostgreSQL %s',
  (version, tools) => {
    let data: string;
    let running: RunningPostgres;
    const ask = async (text: string, url = running.url) =>
      (await withClient(parseConnection(url), (client) => client.query(text))).rows;

    beforeAll(async () => {
      data = join(folder(), 'data');
      running = await startPostgres({ tools, dataDirectory: data, password: 'a b/c@d' });
    });
    afterAll(async () => {
      await running?.stop('immediate');
      removeAll();
    });

    test('runs, with checksums, in UTF-8, as a user of no power', async () => {
      expect(
        await ask(`select current_setting('server_version') like '${version}%' as version, current_setting('data_checksums') as checksums,
      current_setting('server_encoding') as encoding, current_setting('TimeZone') as zone`),
      ).toEqual([{ version: true, checksums: 'on', encoding: 'UTF8', zone: 'UTC' }]);
      const account = await unprivilegedAccount();
      expect(statSync(data).uid).toBe(account?.uid ?? process.getuid?.());
      if (process.getuid?.() === 0) expect(statSync(join(data, 'PG_VERSION')).uid).not.toBe(0);
    });

    test('lets nobody in without the password, and nobody from elsewhere', async () => {
      expect((await failure(ask('select 1', `postgres://postgres@127.0.0.1:${running.port}/postgres`))).name).toBe(
        'DatabaseRefused',
      );
      expect((await failure(ask('select 1', `postgres://postgres:x@127.0.0.1:${running.port}/postgres`))).name).toBe(
        'DatabaseRefused',
      );
      expect(await answers(running.port, '127.0.0.1')).toBe(true);
      expect(await ask('show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
      expect(await ask('show unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
      expect(Object.keys(networkInterfaces()).length).toBeGreaterThan(0);
      expect(existsSync(`${data}.password`)).toBe(false);
    });

    test('keeps its content from one start to the next, when the password is known', async () => {
      await ask('create table kept as select 7 as x');
      await running.stop();
      expect(await processesOf(data)).toEqual([]);
      expect((await failure(startPostgres({ tools, dataDirectory: data }))).message).toContain(
        'its password was not given',
      );
      running = await startPostgres({ tools, dataDirectory: data, password: 'a b/c@d' });
      expect(await ask('select x from kept')).toEqual([{ x: 7 }]);
    });

    test('stops as a crash would, when told to', async () => {
      await running.stop('immediate');
      expect(await processesOf(data)).toEqual([]);
      expect(readFileSync(join(data, 'server.log'), 'utf8')).toContain('immediate shutdown');
      await running.stop();
      running = await startPostgres({ tools, dataDirectory: data, password: 'a b/c@d' });
    });
  },
);

describe.skipIf(noPostgres)('a server ends with the process that started it', () => {
  afterEach(removeAll);

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'exit'])('%s', async (how) => {
    const data = join(folder(), 'data');
    const server = fileURLToPath(new URL('../../local/postgres/server.ts', import.meta.url));
    const script = `import { startPostgres } from ${JSON.stringify(server)};
      const { url } = await startPostgres({ dataDirectory: ${JSON.stringify(data)} });
      process.stdout.write(url + '\\n');
      if (${JSON.stringify(how)} === 'exit') process.stdin.once('data', () => process.exit(3));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    expect(String(line)).toMatch(/^postgres:/);
    expect((await processesOf(data)).length).toBeGreaterThan(0);
    if (how === 'exit') child.stdin.write('now');
    else child.kill(how as NodeJS.Signals);
    await once(child, 'exit');
    await expect.poll(() => processesOf(data), { timeout: 10_000 }).toEqual([]);
  });
});

describe.skipIf(noPostgres)('a server that cannot be started', () => {
  afterAll(removeAll);

  test('says why: the folder holds something else', async () => {
    const taken = folder();
    writeFileSync(join(taken, 'letter.txt'), 'dear');
    const error = await failure(startPostgres({ dataDirectory: taken }));
    expect([error.name, error.message]).toEqual([
      'TargetUnusable',
      `${taken} is neither empty nor a cluster of PostgreSQL`,
    ]);
    expect(readFileSync(join(taken, 'letter.txt'), 'utf8')).toBe('dear');
  });

  test.skipIf(process.getuid?.() !== 0)('says why: the user that it runs as cannot get at the folder', async () => {
    const closed = folder();
    chmodSync(closed, 0o700);
    const error = await failure(startPostgres({ dataDirectory: join(closed, 'data') }));
    expect(error.name).toBe('TargetUnusable');
    expect(error.message).toMatch(/ermission denied|could not/);
    expect(error.hint).toContain('must be open to the user');
  });

  test('says why: the port is taken', async () => {
    const first = await startPostgres({ dataDirectory: join(folder(), 'data') });
    const error = await failure(
      startPostgres({ dataDirectory: join(folder(), 'data'), port: first.port, password: 'x' }),
    );
    expect(error.name).toBe('DatabaseUnreachable');
    expect(error.message).toMatch(/did not start: .*Address already in use/);
    await first.stop('immediate');
  });
});

describe('finding PostgreSQL', () => {
  afterAll(removeAll);

  const programs = (scripts: Readonly<Record<string, string>>): string => {
    const bin = join(folder(), 'bin');
    mkdirSync(bin);
    for (const [name, script] of Object.entries(scripts))
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return bin;
  };
  const all = Object.fromEntries(
    ['postgres', 'initdb', 'pg_ctl', 'pg_dump', 'pg_dumpall', 'pg_restore'].map((name) => [
      name,
      `echo "${name} (PostgreSQL) 99.1"`,
    ]),
  );

  test('a folder that is named is used, and no other', async () => {
    const bin = programs(all);
    const expected = { folder: bin, version: '99.1', major: 99 };
    expect(await findPostgres({ folder: bin })).toEqual(expected);
    expect(await findPostgres({ environment: { TIDEMARK_PG_BIN: bin } })).toEqual(expected);
    expect((await findPostgres({ environment: { PATH: bin } })).folder).toBe(bin);
  });

  test('a folder without all the programs is refused, with a hint', async () => {
    const { initdb: _, ...without } = all;
    const error = await failure(findPostgres({ folder: programs(without) }));
    expect(error.name).toBe('ToolMissing');
    expect(error.message).toContain('initdb');
    expect(error.hint).toContain('apt-get install postgresql');
    const empty = await failure(findPostgres({ environment: { TIDEMARK_PG_BIN: folder() } }));
    expect(empty.name).toBe('ToolMissing');
  });

  test('a server that lacks a shared library is refused with what the loader says', async () => {
    const broken =
      'echo "postgres: error while loading shared libraries: libicuuc.so.72: cannot open shared object file" >&2; exit 127';
    const error = await failure(findPostgres({ folder: programs({ ...all, postgres: broken }) }));
    expect(error.name).toBe('ToolMissing');
    expect(error.message).toContain('libicuuc.so.72');
  });
});
