import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { everyPostgres } from '../../local/postgres/find.ts';
import { fingerprintDatabase, fingerprintDifferences } from '../../local/postgres/fingerprint.ts';
import { changeNodeNetwork, fillNodeNetwork } from '../../local/postgres/node-network.ts';
import { type RunningPostgres, startPostgres } from '../../local/postgres/server.ts';
import { withClient } from '../../src/sources/postgres/client.ts';
import { parseConnection } from '../../src/sources/postgres/connection.ts';

const noPostgres = (await everyPostgres().catch(() => [])).length === 0;
const folder = mkdtempSync(join(tmpdir(), 'tidemark-network-'));
chmodSync(folder, 0o755);
let running: RunningPostgres;
const ask = async (url: string, text: string) =>
  (await withClient(parseConnection(url), (client) => client.query(text))).rows;

beforeAll(async () => {
  if (noPostgres) return;
  running = await startPostgres({ dataDirectory: join(folder, 'data') });
  await ask(running.url, 'create database network');
  await fillNodeNetwork(running.urlOf('network'), { megabytes: 2 });
});
afterAll(async () => {
  await running?.stop('immediate');
  rmSync(folder, { recursive: true, force: true });
});

/** The difference that a change makes, on a copy. */
async function difference(change: string): Promise<string[]> {
  await ask(running.url, 'create database copy template network');
  const url = running.urlOf('copy');
  const before = await fingerprintDatabase(url);
  await ask(url, change);
  const differences = fingerprintDifferences(before, await fingerprintDatabase(url));
  await ask(running.url, 'drop database copy with (force)');
  return differences;
}

describe.skipIf(noPostgres)('the node network', () => {
  test('is of the size asked for, and the same every time', async () => {
    await ask(running.url, 'create database again');
    const size = await fillNodeNetwork(running.urlOf('again'), { megabytes: 20 });
    expect(size).toBeGreaterThan(20 * 2 ** 20);
    expect(size).toBeLessThan(45 * 2 ** 20);
    await ask(running.url, 'create database small');
    await fillNodeNetwork(running.urlOf('small'), { megabytes: 2 });
    const [one, other] = [
      await fingerprintDatabase(running.urlOf('network')),
      await fingerprintDatabase(running.urlOf('small')),
    ];
    expect(fingerprintDifferences(one, other)).toEqual([]);
    expect(fingerprintDifferences(one, await fingerprintDatabase(running.urlOf('again'))).length).toBeGreaterThan(2);
  });

  test('is believable: links lead to nodes, no two nodes have one name, levels are mixed', async () => {
    const url = running.urlOf('network');
    expect(
      await ask(url, 'select count(*)::int as nodes, count(distinct name)::int as names from network.nodes'),
    ).toEqual([{ nodes: 500, names: 500 }]);
    const [levels] = await ask(
      url,
      'select count(distinct level)::int as levels, count(distinct node_id)::int as nodes from network.events',
    );
    expect(levels).toEqual({ levels: 4, nodes: 500 });
    const [busy] = await ask(url, 'select count(*)::int as nodes from network.busy_nodes');
    expect(busy.nodes).toBeGreaterThan(50);
    expect((await ask(url, 'select network.neighbours(1) as node')).length).toBeGreaterThan(0);
  });

  test('changes from day to day, by its day', async () => {
    await ask(running.url, 'create database one template network');
    await ask(running.url, 'create database other template network');
    const [one, other] = [running.urlOf('one'), running.urlOf('other')];
    const before = await fingerprintDatabase(one);
    for (const url of [one, other]) for (const day of [1, 2]) await changeNodeNetwork(url, day);
    const [after, same] = [await fingerprintDatabase(one), await fingerprintDatabase(other)];
    expect(fingerprintDifferences(after, same)).toEqual([]);
    const changed = fingerprintDifferences(before, after).map((line) => line.split(':')[0]);
    expect(changed).toEqual(
      expect.arrayContaining([
        'table network.nodes',
        'table network.links',
        'table network.events',
        'table network.snippets',
        'sequence network.ticket_number',
      ]),
    );
    await changeNodeNetwork(other, 3);
    expect(fingerprintDifferences(after, await fingerprintDatabase(other)).length).toBeGreaterThan(3);
  });
});

describe.skipIf(noPostgres)('a fingerprint', () => {
  test.each([
    ['a changed byte', `update network.snippets set raw = '\\x00' where id = 2`, 'table network.snippets'],
    ['a row that is gone', 'delete from network.events where id = 5', 'table network.events'],
    [
      'a row twice',
      'alter table network.links drop constraint links_pkey; drop index network.links_once; insert into network.links select * from network.links where id = 1',
      'table network.links',
    ],
    ['a sequence that moved', `select nextval('network.ticket_number')`, 'sequence network.ticket_number'],
    ['an index that is gone', 'drop index network.links_to', 'only before: CREATE INDEX links_to'],
    [
      'a constraint that is gone',
      'alter table network.links drop constraint no_loop',
      'only before: constraint no_loop',
    ],
    [
      'a view that says something else',
      'create or replace view network.busy_nodes as select 1::bigint as id, null::text as name, null::network.node_kind as kind, 1::bigint as links',
      'only after: view network.busy_nodes',
    ],
    [
      'a function that says something else',
      `create or replace function network.neighbours(node bigint) returns setof bigint language sql as 'select 1'`,
      'only after: owner',
    ],
    [
      'a right that is gone',
      'revoke select on network.nodes from node_network_reader',
      'only before: right on network.nodes: node_network_reader may SELECT',
    ],
    [
      'a right on a column',
      'revoke update (title) on network.snippets from node_network_reader',
      'only before: right on column network.snippets.title',
    ],
    ['an owner', 'alter table network.nodes owner to postgres', 'only after: relation r network.nodes owner postgres'],
    [
      'a comment',
      `comment on column network.nodes.x is 'else'`,
      'only after: comment on column x of table network.nodes: else',
    ],
    [
      'a default',
      'alter table network.snippets alter price set default 1',
      'only after: column network.snippets.price',
    ],
    ['a word of an enum', `alter type network.level add value 'fatal'`, 'only after: enum network.level'],
    ['a trigger that is gone', 'drop trigger nodes_touch on network.nodes', 'only before: CREATE TRIGGER nodes_touch'],
    [
      'stale rows of a materialized view',
      'delete from network.events; delete from network.links; delete from network.nodes where kind = $$relay$$; refresh materialized view network.kinds',
      'table network.kinds',
    ],
  ])('tells %s', async (_what, change, expected) => {
    expect(await difference(change)).toContainEqual(expect.stringContaining(expected));
  });

  test('tells nothing where nothing changed but the order of rows', async () => {
    expect(
      await difference(
        'create temp table t as select * from network.snippets; delete from network.snippets; insert into network.snippets select * from t order by id desc',
      ),
    ).toEqual([]);
  });
});
