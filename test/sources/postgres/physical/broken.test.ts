import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunningPostgres } from '../../../../local/postgres/server.ts';
import type { Problem } from '../../../../src/format/snapshot.ts';
import { decodeTree } from '../../../../src/format/tree.ts';
import type { Source } from '../../../../src/sources/port.ts';
import { postgresSource } from '../../../../src/sources/postgres/index.ts';
import { physicalSource } from '../../../../src/sources/postgres/physical/index.ts';
import { isRelation, isSound, pageChecksum, pageLsn } from '../../../../src/sources/postgres/physical/pages.ts';
import { MemoryContent } from '../../memory-content.ts';
import { cleanUp, failure, folder, installed, server, sql } from '../trial.ts';
import { type CapturedServer, captureServer, physicalServer, restoreContext, restoreServer } from './trial.ts';

const tools = installed.find(({ major }) => major >= 15);
const opened: (Server | Socket)[] = [];

afterEach(() => {
  for (const one of opened.splice(0)) 'destroy' in one ? one.destroy() : one.close();
});
afterAll(cleanUp);

/** Passes everything on, and what the server says through `change`; undefined cuts the line. */
async function through(port: number, change: (bytes: Buffer) => Buffer | undefined): Promise<number> {
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    opened.push(near, far);
    near.pipe(far);
    far.on('data', (bytes) => {
      const passed = change(bytes);
      if (passed === undefined) near.destroy();
      else near.write(passed);
    });
    far.on('end', () => near.end());
    near.on('close', () => far.destroy());
    for (const socket of [near, far]) socket.on('error', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  opened.push(proxy);
  await new Promise((resolve) => proxy.once('listening', resolve));
  return (proxy.address() as { port: number }).port;
}

/** Calls `act` once, when so many blobs have come. */
class Tripwire extends MemoryContent {
  #act: (() => Promise<unknown>) | undefined;
  readonly #after: number;

  constructor(after: number, act: () => Promise<unknown>) {
    super({ piece: 8192 });
    [this.#after, this.#act] = [after, act];
  }

  get sprung(): boolean {
    return this.#act === undefined;
  }

  override drain(): Promise<void> | undefined {
    if (this.puts < this.#after || this.#act === undefined) return undefined;
    const acting = this.#act();
    this.#act = undefined;
    return acting.then(() => {});
  }
}

describe.skipIf(tools === undefined)('a base backup that goes wrong', () => {
  let running: RunningPostgres;
  let source: Source;
  let dataDirectory: string;
  let captured: CapturedServer;
  const at = (port: number) => physicalSource({ connection: running.url.replace(`:${running.port}/`, `:${port}/`) });

  beforeAll(async () => {
    ({ running, source, dataDirectory } = await physicalServer(tools!));
    await sql(
      running.url,
      `create table marked as select g, 'THE-MARK-' || g as mark from generate_series(1, 20000) g`,
    );
    captured = await captureServer(source);
  });

  test('A11: bytes that change on their way are noticed, and nothing is handed on', async () => {
    let changed = 0;
    const port = await through(running.port, (bytes) => {
      const mark = changed > 0 ? -1 : bytes.indexOf('THE-MARK-');
      if (mark >= 0) {
        bytes[mark + 2] = 0x59;
        changed += 1;
      }
      return bytes;
    });
    const error = await failure(captureServer(at(port)), 'ChecksumMismatch');
    expect(changed).toBe(1);
    expect(error.message).toMatch(/came with another checksum than the server's manifest says/);
  });

  test('a connection that is cut costs the run', async () => {
    let passed = 0;
    const port = await through(running.port, (bytes) => {
      passed += bytes.length;
      return passed > 4_000_000 ? undefined : bytes;
    });
    const error = await failure(captureServer(at(port)), 'DatabaseUnreachable');
    expect(error.message).toContain('was lost');
  });

  test('a server that is stopped in the middle costs the run', async () => {
    const other = await physicalServer(tools!);
    const content = new Tripwire(50, () => other.running.stop('immediate'));
    const slowly = physicalSource({ connection: other.running.url, maxRate: 2_000_000 });
    await failure(captureServer(slowly, {}, content), 'DatabaseUnreachable');
    expect(content.sprung).toBe(true);
  });

  test('D4: an invocation that has to end says what to raise', async () => {
    let passed = false;
    const content = new Tripwire(50, async () => {
      passed = true;
    });
    const deadline = { remaining: () => (passed ? 0 : 1), passed: () => passed };
    const slowly = physicalSource({ connection: running.url, maxRate: 4_000_000 });
    const error = await failure(captureServer(slowly, { deadline }, content), 'DeadlineExceeded');
    expect(error.message).toMatch(/^\d+ of about \d+ bytes had come/);
  });

  test('a server that keeps too little log for a backup, or lets nobody replicate, says what to set', async () => {
    const plain = await server({ tools: tools! }); // wal_level = minimal
    const error = await failure(captureServer(physicalSource({ connection: plain.url })), 'DatabaseRefused');
    expect(error.hint).toContain('Set max_wal_senders higher');
  });

  test('damaged pages are problems of the snapshot, and are found again in what is restored', async () => {
    const files = (await sql(
      running.url,
      `create table harmed as select g, repeat('x', 300) as filling from generate_series(1, 3000) g;
       create table ruined as select * from harmed; checkpoint;
       select pg_relation_filepath(t) as file from unnest(array['harmed', 'ruined']::regclass[]) t`,
    )) as { file: string }[];
    const [harmed, ruined] = files.map(({ file }) => file) as [string, string];
    const damage = (file: string, damaged: number[]) => {
      const fd = openSync(join(dataDirectory, file), 'r+');
      for (const page of damaged) writeSync(fd, 'HARM', 8192 * page + 5000);
      closeSync(fd);
    };
    damage(harmed, [7, 9]);
    damage(ruined, [1, 2, 3, 4, 5, 6, 7]);
    const flawed = await captureServer(source);
    await sql(running.url, 'drop table harmed, ruined; checkpoint');
    const page = (number: number) => `page ${number} does not have its checksum`;
    const said = (file: string, problems: readonly Problem[]) =>
      problems
        .filter(({ path }) => path.endsWith(file))
        .map(({ what }) => what.replace(': it is damaged on the server', ''));
    expect(said(`data/${harmed}`, flawed.problems)).toEqual([7, 9].map(page));
    // the server names five of a file and counts the others
    expect(said(ruined, flawed.problems)).toEqual([
      ...[1, 2, 3, 4, 5].map(page),
      '7 pages in all do not have their checksum',
    ]);
    expect(flawed.problems).toHaveLength(8);

    const { problems } = await source.validate(await restoreServer(source, flawed));
    expect(said(harmed, problems)).toEqual([7, 9].map(page));
    expect(said(ruined, problems)).toEqual([1, 2, 3, 4, 5, 6, 7].map(page));
    expect(problems).toHaveLength(9);
  });

  test('what is done to a restored directory is found by its validation', async () => {
    const context = await restoreServer(source, captured);
    expect((await source.validate(context)).problems).toEqual([]);
    const [{ file }] = (await sql(running.url, `select pg_relation_filepath('marked') as file`)) as [{ file: string }];
    const relation = join(context.target, file);
    const bytes = readFileSync(relation);
    bytes[8192 * 3 + 4000]! ^= 1;
    writeFileSync(relation, bytes);
    const [segment] = readdirSync(join(context.target, 'pg_wal')).filter((name) => /^[0-9A-F]{24}$/.test(name));
    rmSync(join(context.target, 'pg_wal', segment!));
    writeFileSync(join(context.target, 'base/5/99999'), 'left over');
    const { problems } = await source.validate(context);
    const said = problems.map(({ path, what }) => `${path}: ${what}`).join('\n');
    expect(said).toContain(`${file}: page 3 does not have its checksum`);
    expect(said).toContain(`${file}: has another checksum than backup_manifest says`);
    expect(said).toContain(`pg_wal/${segment}: `);
    expect(said).toContain('base/5/99999: ');
    expect(dataDirectory).not.toBe(context.target);
  });

  test('F7: a directory that holds something is refused, whatever is asked for', async () => {
    const target = folder();
    mkdirSync(join(target, 'base'));
    for (const overwrite of [false, true]) {
      const error = await failure(
        source.checkTarget(restoreContext(captured, target, { overwrite })),
        'TargetNotEmpty',
      );
      expect(error.hint).not.toContain('overwriting');
    }
    await failure(source.restore(undefined, restoreContext(captured, target, { overwrite: true })), 'TargetNotEmpty');
    expect(readdirSync(target)).toEqual(['base']);
    await failure(source.checkTarget(restoreContext(captured, running.url)), 'TargetUnusable');
  });

  test('parts come as the files that they are, and a source of the other method restores too', async () => {
    const logical = postgresSource({ connection: 'postgres://nowhere.invalid/x' });
    const context = restoreContext(captured, join(folder(), 'parts'), { paths: ['data/PG_VERSION', 'wal'] });
    await logical.checkTarget(context);
    expect(await logical.restore(undefined, context)).toMatchObject({ done: true, problems: [] });
    expect(readdirSync(context.target).sort()).toEqual(['data', 'wal']);
    expect(readFileSync(join(context.target, 'data/PG_VERSION'))).toEqual(
      readFileSync(join(dataDirectory, 'PG_VERSION')),
    );
    expect((await logical.validate(context)).problems).toEqual([]);
  });

  test('a snapshot says what it is, and holds nothing that belongs to the running server alone', async () => {
    const top = decodeTree(captured.content.blobs.get(captured.root)!).entries;
    expect(top.map(({ name }) => name)).toEqual(['backup_manifest', 'data', 'wal']);
    const major = Number(readFileSync(join(dataDirectory, 'PG_VERSION'), 'utf8'));
    expect(captured.details).toMatchObject({ method: 'physical', major, timeline: 1, checksums: true });
    const data = decodeTree(captured.content.blobs.get(top[1]!.tree!)!).entries;
    expect(data.find(({ name }) => name === 'postmaster.pid')).toBeUndefined();
    expect(data.find(({ name }) => name === 'backup_label')).toBeDefined();
  });
});

describe.skipIf(tools === undefined)('the checksum of a page', () => {
  test('is what the server wrote, for every page that it wrote', async () => {
    const { running, dataDirectory } = await physicalServer(tools!);
    await sql(running.url, 'create table t as select g, md5(g::text) from generate_series(1, 20000) g');
    await running.stop();
    const never = 1n << 63n;
    let [seen, block5] = [0, undefined as Buffer | undefined];
    for (const name of readdirSync(join(dataDirectory, 'base/5'))) {
      const path = `base/5/${name}`;
      if (!isRelation(path) || statSync(join(dataDirectory, path)).size === 0) continue;
      const bytes = readFileSync(join(dataDirectory, path));
      for (let at = 0; at < bytes.length; at += 8192) {
        const page = bytes.subarray(at, at + 8192);
        expect({ path, at, sound: isSound(page, at / 8192, never) }).toEqual({ path, at, sound: true });
        seen += 1;
        if (at === 5 * 8192) block5 = page;
      }
    }
    expect(seen).toBeGreaterThan(800);
    const page = Buffer.from(block5!);
    for (const bit of [0, 1000 * 8 + 3, 8191 * 8 + 7]) {
      page[bit >> 3]! ^= 1 << (bit & 7);
      expect(isSound(page, 5, never)).toBe(false);
      expect(isSound(page, 5, pageLsn(page))).toBe(true); // replaying the log writes it anew
      page[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(isSound(page, 5, never)).toBe(true);
    expect(isSound(page, 6, never)).toBe(false);
    // at an odd place in memory too
    const odd = Buffer.concat([Buffer.from('x'), page]).subarray(1);
    expect(pageChecksum(odd, 5)).toBe(pageChecksum(page, 5));
  });
});
