/**
 * The tables of the bench's database, filled by the server itself where that is fast. The bank is that of pgbench, to scale;
 * beside it lie what other applications keep: measurements, JSON documents and articles. The same rows every time; the
 * files differ in their times and transaction numbers, as PostgreSQL's do.
 */

/** Rows for one megabyte of the whole data set, indexes and dump counted. */
const perMegabyte = { accounts: 2500, measurements: 1150, documents: 200, articles: 60 };

export interface Rows {
  readonly branches: number;
  readonly accounts: number;
  readonly measurements: number;
  readonly documents: number;
  readonly articles: number;
}

export function rowsFor(megabytes: number): Rows {
  const accounts = perMegabyte.accounts * megabytes;
  return {
    accounts,
    branches: Math.max(1, Math.round(accounts / 100_000)),
    measurements: perMegabyte.measurements * megabytes,
    documents: perMegabyte.documents * megabytes,
    articles: perMegabyte.articles * megabytes,
  };
}

/** In one transaction with their creation, rows are written without a log when the server needs none. */
export function fillingSql(rows: Rows): string {
  return `begin;
    create table branches (bid int, bbalance int, filler char(88)) with (fillfactor = 100);
    create table tellers (tid int, bid int, tbalance int, filler char(84)) with (fillfactor = 100);
    create table accounts (aid int, bid int, abalance int, filler char(84)) with (fillfactor = 100);
    create table history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
    insert into branches select i, 0, null from generate_series(1, ${rows.branches}) i;
    insert into tellers select i, (i - 1) / 10 + 1, 0, null from generate_series(1, ${rows.branches * 10}) i;
    insert into accounts select i, (i - 1) / 100000 + 1, 0, '' from generate_series(1, ${rows.accounts}) i;

    create table measurements (id bigint, taken timestamptz, device int, metric smallint, value double precision, run uuid);
    insert into measurements
      select i, timestamptz '2026-01-01 00:00Z' + i * interval '311 milliseconds', ${drawn('i', 1, 5000)}, i % 12,
             round((20 + 10 * sin(i / 9000.0) + ${drawn('i', 2, 1000)} / 500.0)::numeric, 3), md5(i::text)::uuid
      from generate_series(1, ${rows.measurements}::bigint) i;

    create table documents (id bigint, body jsonb);
    insert into documents
      select i, jsonb_build_object('order', i, 'customer', 'customer-' || ${drawn('i', 3, 90_000)},
        'placed', timestamptz '2026-01-01 00:00Z' + i * interval '37 seconds', 'open', i % 7 = 0,
        'lines', (select jsonb_agg(jsonb_build_object('article', 'SKU-' || ${drawn('i * 8 + l', 4, 40_000)},
          'pieces', ${drawn('i * 8 + l', 5, 9)} + 1, 'price', ${drawn('i * 8 + l', 6, 90_000)} / 100.0, 'currency', 'EUR'))
          from generate_series(1, 1 + ${drawn('i', 7, 6)}) l),
        'delivery', jsonb_build_object('street', initcap(left(md5((i % 6000)::text), 9)) || ' street', 'number', i % 211,
          'city', initcap(left(md5((i % 900)::text), 7)), 'track', md5(i || 'track')))
      from generate_series(1, ${rows.documents}::bigint) i;

    create table articles (id bigint, title text, body text);`;
}

export const indexingSql = `
    alter table branches add primary key (bid);
    alter table tellers add primary key (tid);
    alter table accounts add primary key (aid);
    alter table measurements add primary key (id);
    create index on measurements (device, taken);
    create index on measurements (run);
    alter table documents add primary key (id);
    alter table articles add primary key (id);
    commit;`;

/** A number below `limit` that depends on nothing but the row. */
function drawn(row: string, seed: number, limit: number): string {
  return `(hashint8extended(${row}, ${seed}) & 1073741823) % ${limit}`;
}
