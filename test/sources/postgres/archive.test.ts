import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillNodeNetwork } from '../../../local/postgres/node-network.ts';
import { type ArchiveContents, readContents } from '../../../src/sources/postgres/archive/contents.ts';
import { RowCounter, RowHasher, tableOf } from '../../../src/sources/postgres/archive/rows.ts';
import { ArchiveWalker } from '../../../src/sources/postgres/archive/walker.ts';
import { parseConnection, programEnvironment } from '../../../src/sources/postgres/connection.ts';
import { cleanUp, installed, noPostgres, server, sql } from './trial.ts';

afterAll(cleanUp);

/** Walks over the dump in pieces of the lengths given, over and over. */
function walk(dump: Buffer, lengths: readonly number[] = [65_536]) {
  const rows: Record<string, number | undefined> = {};
  const prints: Record<string, string> = {};
  let [counter, hasher] = [new RowCounter(), new RowHasher()];
  const walker = new ArchiveWalker(
    {
      data(entry, bytes) {
        if (entry.copy === undefined) return;
        counter.write(bytes);
        hasher.write(bytes);
      },
      dataEnd(entry) {
        if (entry.copy === undefined) return;
        rows[tableOf(entry)] = counter.rows();
        prints[tableOf(entry)] = hasher.fingerprint();
        [counter, hasher] = [new RowCounter(), new RowHasher()];
      },
    },
    'DumpFailed',
  );
  for (let at = 0, turn = 0; at < dump.length; turn += 1) {
    const length = lengths[turn % lengths.length]!;
    walker.write(dump.subarray(at, at + length));
    at += length;
  }
  walker.end();
  return { rows, prints, contents: walker.contents! };
}

describe.skipIf(noPostgres).each(installed.map((tools) => [tools.version, tools] as const))(
  'a dump of pg_dump %s',
  (_version, tools) => {
    let dump: Buffer;
    let contents: ArchiveContents;
    const counts: Record<string, number> = {};

    beforeAll(async () => {
      const running = await server({ tools });
      await fillNodeNetwork(running.url, { megabytes: 1 });
      await sql(
        running.url,
        `select lo_from_bytea(0, 'first'), lo_from_bytea(0, ''), lo_from_bytea(0, decode(repeat('00ff', 9000), 'hex'))`,
      );
      await sql(running.url, 'create table network.empty (x text); create table network.widths (a text)');
      await sql(
        running.url,
        `insert into network.widths values (''), (null), ('\\.'), ('\\'), (E'\\n'), ('.'), (repeat('x', 200000))`,
      );
      dump = execFileSync(join(tools.folder, 'pg_dump'), ['-Fc', '-Z0'], {
        env: programEnvironment(parseConnection(running.url)),
        maxBuffer: 1 << 28,
      });
      contents = readContents(dump, 'DumpFailed')!;
      for (const entry of contents.entries.filter((one) => one.copy !== undefined)) {
        const [row] = await sql<{ rows: string }>(running.url, `select count(*) as rows from ${tableOf(entry)}`);
        counts[tableOf(entry)] = Number(row!.rows);
      }
      await running.stop();
    });

    test('has a head that says what is in it', () => {
      expect(contents).toMatchObject({ database: 'postgres', toolVersion: expect.stringContaining(tools.version) });
      const kinds = new Set(contents.entries.map((entry) => entry.kind));
      for (const kind of ['TABLE', 'TABLE DATA', 'INDEX', 'FK CONSTRAINT', 'SEQUENCE SET', 'TRIGGER', 'VIEW', 'BLOBS'])
        expect(kinds).toContain(kind);
      const nodes = contents.entries.find((entry) => entry.kind === 'TABLE' && entry.tag === 'nodes')!;
      expect(nodes).toMatchObject({ schema: 'network', owner: 'node_network_owner', hasData: false });
      expect(nodes.definition).toContain('CREATE TABLE network.nodes');
      const data = contents.entries.find((entry) => entry.kind === 'TABLE DATA' && entry.tag === 'nodes')!;
      expect(data).toMatchObject({ hasData: true, needs: [nodes.id] });
      expect(data.copy).toMatch(/^COPY network\.nodes \(id, name, .*\) FROM stdin;/);
    });

    test('is the list of pg_restore, entry by entry', () => {
      // It closes the pipe when it has seen the head.
      const list = spawnSync(join(tools.folder, 'pg_restore'), ['--list'], { input: dump }).stdout.toString();
      const theirs = list
        .split('\n')
        .flatMap((line) => /^(\d+); \d+ \d+ (.*)$/.exec(line)?.slice(1, 3).join(' ') ?? []);
      const ours = new Map(contents.entries.map((entry) => [String(entry.id), entry]));
      expect(theirs.length).toBeGreaterThan(60);
      for (const line of theirs) {
        const [id] = line.split(' ');
        const entry = ours.get(id!)!;
        expect(line.trimEnd()).toBe(`${id} ${entry.kind} ${entry.schema ?? '-'} ${entry.tag} ${entry.owner}`.trimEnd());
      }
    });

    test('holds the rows that the tables have', () => {
      const { rows, prints } = walk(dump);
      expect(rows).toEqual(counts);
      expect(rows['network.widths']).toBe(7);
      expect(rows['network.empty']).toBe(0);
      for (const [table, print] of Object.entries(prints)) expect(print).toMatch(new RegExp(`^${counts[table]}/`));
    });

    test('is read the same in pieces of any length', () => {
      const small = dump.subarray(0); // the whole of it, many times, would take long
      const whole = walk(small);
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 6 }), (lengths) => {
          expect(walk(small, lengths).prints).toEqual(whole.prints);
        }),
        { numRuns: 12 },
      );
    });

    test('A3: cut anywhere, it is refused', () => {
      fc.assert(
        fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (part) => {
          expect(() => walk(dump.subarray(0, Math.floor(part * dump.length)))).toThrow(/not whole|not a dump/);
        }),
        { numRuns: 60 },
      );
      // Where blocks end is where a cut is hardest to see.
      for (const missing of [1, 5, 6, 10, 11])
        expect(() => walk(dump.subarray(0, dump.length - missing))).toThrow(/not whole/);
    });

    test('A3: pg_restore --list does not see the cut, reading to the end does', () => {
      const half = dump.subarray(0, Math.floor(dump.length / 2));
      const run = (...parameters: string[]) =>
        spawnSync(join(tools.folder, 'pg_restore'), parameters, { input: half }).status;
      expect(run('--list')).toBe(0);
      expect(run('--file=/dev/null')).toBe(1);
    });

    test('A3: with something behind its end it is refused', () => {
      expect(() => walk(Buffer.concat([dump, Buffer.from([1])]))).toThrow(/not whole/);
      expect(() => walk(Buffer.concat([dump, dump.subarray(dump.length - 100)]))).toThrow(/not whole/);
    });

    test('of a version to come it is refused by name', () => {
      const newer = Buffer.from(dump);
      newer[6] = 99;
      expect(() => readContents(newer, 'DumpFailed')).toThrow('this dump has archive version 1.99');
    });
  },
);

describe('the fingerprint of rows', () => {
  const print = (...rows: string[]) => {
    const hasher = new RowHasher();
    hasher.write(Buffer.from(rows.map((row) => `${row}\n`).join('')));
    return hasher.fingerprint();
  };

  test('does not depend on their order', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (texts) => {
        const rows = texts.map((text) => text.replace(/[\n\\]/g, ''));
        expect(print(...[...rows].reverse())).toBe(print(...rows));
      }),
    );
  });

  test.each([
    [
      ['a\t1', 'b\t2'],
      ['a\t2', 'b\t1'],
    ],
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['a'], ['a', 'a']],
    [
      ['a', 'a'],
      ['b', 'b'],
    ],
    [
      ['a', 'a', 'b'],
      ['a', 'b', 'b'],
    ],
    [[''], []],
    [['\\N'], ['N']],
    [['x'.repeat(100)], ['x'.repeat(99)]],
    [
      ['0', '1'],
      ['1', '2'],
    ],
  ])('tells %j from %j', (one, other) => {
    expect(print(...one)).not.toBe(print(...other));
  });

  test('of many rows of which one has changed a bit is another', () => {
    const rows = Array.from({ length: 50_000 }, (_, at) => `${at}\tnode ${at * 7}`);
    const before = print(...rows);
    for (const at of [0, 24_999, 49_999]) {
      const changed = [...rows];
      changed[at] = changed[at]!.replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) ^ 1));
      expect(print(...changed)).not.toBe(before);
    }
  });

  test('ends at the terminator', () => {
    const hasher = new RowHasher();
    hasher.write(Buffer.from('a\nb\n\\.\n\n\n'));
    expect(hasher.fingerprint()).toBe(print('a', 'b'));
  });
});

test('data without its terminator has no number of rows', () => {
  const counter = new RowCounter();
  counter.write(Buffer.from('a\nb\n'));
  expect(counter.rows()).toBeUndefined();
  for (const byte of '\\.\n\n\n') counter.write(Buffer.from(byte));
  expect(counter.rows()).toBe(2);
});
