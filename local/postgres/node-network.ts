/** Fills a database with the Interactive Node Network, and lets days pass in it. The same calls make the same content. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { withClient } from '../../src/sources/postgres/client.ts';
import { parseConnection } from '../../src/sources/postgres/connection.ts';

/** How many rows make a megabyte on disk, with their indexes; a little more than enough. */
const perMegabyte = { nodes: 250, links: 1200, events: 2800 };

/** Makes the schema and its content in an empty database. Returns the bytes it takes on disk, `megabytes` at least. */
export async function fillNodeNetwork(url: string, { megabytes }: { readonly megabytes: number }): Promise<number> {
  let script = await readFile(fileURLToPath(new URL('node-network.sql', import.meta.url)), 'utf8');
  for (const [name, count] of Object.entries(perMegabyte)) {
    script = script.replaceAll(`:${name}`, String(Math.ceil(count * Math.max(1, megabytes))));
  }
  return withClient(parseConnection(url), async (client) => {
    await client.query(script);
    const { rows } = await client.query<{ size: string }>('select pg_database_size(current_database()) as size');
    return Number(rows[0]?.size);
  });
}

/** What `day` brings: users move nodes, add some, link them, remove links; events happen everywhere. */
export async function changeNodeNetwork(url: string, day: number): Promise<void> {
  const number = Math.trunc(day);
  await withClient(parseConnection(url), (client) =>
    client.query(`
      update network.nodes set x = x + 1, updated_at = timestamptz '2026-01-02 00:00Z' + interval '${number} days'
        where hashint8extended(id, ${number}) % 50 = 0;
      insert into network.nodes (name, kind, x, y, created_at, updated_at)
        select 'day-${number}-' || i, 'relay', i, i % 71, day, day
        from generate_series(1, 100) i, (select timestamptz '2026-01-02 00:00Z' + interval '${number} days') d(day);
      delete from network.links where hashint8extended(id, ${number}) % 200 = 0;
      insert into network.links (from_node, to_node, weight, label, created_at)
        select id, 1, 0.5, 'day ${number}', created_at from network.nodes where name like 'day-${number}-%';
      insert into network.events (node_id, happened_at, level, what)
        select 1 + i % 200, timestamptz '2026-01-02 00:00Z' + interval '${number} days' + i * interval '20 seconds',
               'info', 'measured ' || md5((i + ${number} * 100003)::text)
        from generate_series(1, 4000) i;
      update network.snippets set body = coalesce(body, '') || 'day ${number}', ticket = nextval('network.ticket_number')
        where id % 100 = ${number % 100};
      refresh materialized view network.kinds;`),
  );
}
