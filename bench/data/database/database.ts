/**
 * Database files: the data directory of a real PostgreSQL server that was shut down, and beside it a dump of the part that
 * an application would dump. Between two backups the server is started again and works.
 */
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { seededRandom } from '../../../src/core/random.ts';
import { content } from '../content.ts';
import { withCluster } from './cluster.ts';
import { fillingSql, indexingSql, rowsFor } from './schema.ts';

const cluster = (folder: string): string => path.join(folder, 'cluster');

/** Makes about so many megabytes in a new folder. Errors: `ToolMissing` without a PostgreSQL server. */
export async function makeDatabase(folder: string, megabytes: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const rows = rowsFor(megabytes);
  const articles = path.join(folder, 'articles.txt');
  const dump = path.join(folder, 'dump.sql');
  try {
    writeArticles(articles, rows.articles);
    await withCluster({ dataDirectory: cluster(folder), durable: false }, async ({ client, dump: dumpTables }) => {
      await client.query(fillingSql(rows));
      await client.query(`copy articles from '${articles.replaceAll("'", "''")}'`);
      await client.query(indexingSql);
      // So that no reader changes a page later on.
      await client.query('vacuum (freeze, analyze)');
      await dumpTables(['documents', 'articles', 'branches', 'tellers'], dump);
    });
  } finally {
    rmSync(articles, { force: true });
  }
}

/** In the form that COPY reads. From a paragraph to a few pages; the long ones are stored out of line. */
function writeArticles(file: string, count: number): void {
  const random = seededRandom(20_260_401);
  // The server may run as somebody else.
  const output = openSync(file, 'w', 0o644);
  for (let id = 1; id <= count; id += 1) {
    const bytes = content('text', random.next(), 200 + random.below(random.below(8) === 0 ? 16_000 : 3000));
    const words = bytes.toString('latin1').replaceAll('\n', '\\n');
    writeSync(output, `${id}\tArticle ${id}: ${words.slice(0, 30).replaceAll('\\', '')}\t${words}\n`);
  }
  closeSync(output);
}

/** The transactions of pgbench, one after the other, over the bank of `makeDatabase`; `seed` says which accounts. */
export async function runTransactions(folder: string, count: number, seed: number): Promise<void> {
  await withCluster({ dataDirectory: cluster(folder), durable: true }, async ({ client }) => {
    const random = seededRandom(seed);
    const { rows } = await client.query<{ accounts: string; branches: string }>(
      'select (select count(*) from accounts) as accounts, (select count(*) from branches) as branches',
    );
    const [accounts, branches] = [Number(rows[0]!.accounts), Number(rows[0]!.branches)];
    for (let done = 0; done < count; done += 1) {
      const [aid, bid] = [1 + random.below(accounts), 1 + random.below(branches)];
      const [tid, delta] = [1 + random.below(branches * 10), random.below(10_000) - 5000];
      await client.query(`begin;
        update accounts set abalance = abalance + ${delta} where aid = ${aid};
        select abalance from accounts where aid = ${aid};
        update tellers set tbalance = tbalance + ${delta} where tid = ${tid};
        update branches set bbalance = bbalance + ${delta} where bid = ${bid};
        insert into history (tid, bid, aid, delta, mtime)
          values (${tid}, ${bid}, ${aid}, ${delta}, timestamp '2026-06-01' + ${done} * interval '1 second');
        commit;`);
    }
  });
}
