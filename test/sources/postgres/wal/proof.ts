/**
 * The proof: a client writes numbered rows and keeps its own journal of what was acknowledged, while bases are taken, the
 * log is followed, the server is killed, and a standby takes its place. Then random moments are restored, and each has to
 * hold every row that was acknowledged by then, and none that was begun after it.
 */
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresTools } from '../../../../local/postgres/find.ts';
import type { RunningPostgres } from '../../../../local/postgres/server.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import type { Snapshot } from '../../../../src/format/snapshot.ts';
import { type Client, connect, withClient } from '../../../../src/sources/postgres/client.ts';
import { parseConnection } from '../../../../src/sources/postgres/connection.ts';
import { physicalSource } from '../../../../src/sources/postgres/physical/index.ts';
import { password, settings, startOn } from '../physical/trial.ts';
import { folder, server } from '../trial.ts';
import { LogTrial, recovered } from './log-trial.ts';

export interface ProofOptions {
  readonly tools: PostgresTools;
  /** Runs before the failover and after it; every fourth or so is killed into. */
  readonly rounds: number;
  readonly restores: number;
  /** Of 0 to 1. */
  readonly random: () => number;
  readonly tell?: (text: string) => void;
}

export interface ProofReport {
  readonly written: number;
  readonly lostWithTheOldPrimary: number;
  readonly kills: number;
  readonly runs: number;
  readonly bases: number;
  readonly restores: readonly {
    readonly moment: string;
    readonly snapshot: string;
    readonly timeline: number;
    readonly rows: number;
    readonly faults: readonly string[];
  }[];
  /** Rows as of one second before the table was emptied by mistake, and how many there were. */
  readonly mistake: { readonly rows: number; readonly expected: number };
}

interface Written {
  readonly number: number;
  /** Milliseconds since the epoch: before it was sent, and after it was acknowledged. */
  readonly sent: number;
  readonly acknowledged: number | undefined;
}

const slot = 'tidemark_proof_db';
const sure = { ...settings, synchronous_commit: 'on', max_slot_wal_keep_size: '1GB' };
const now = (): number => performance.timeOrigin + performance.now();

/** Writes row after row to whatever server is named, until it is stopped. */
class Writer {
  readonly journal: Written[] = [];
  url: string;
  #stopped = false;
  #number = 0;
  #done: Promise<void> = Promise.resolve();

  constructor(url: string) {
    this.url = url;
  }

  start(): void {
    this.#stopped = false;
    this.#done = this.#write();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      let client: Client | undefined;
      try {
        client = await connect(parseConnection(this.url));
        while (!this.#stopped) await this.#row(client);
      } catch {
        await systemClock.sleep(20);
      } finally {
        await client?.end().catch(() => {});
      }
    }
  }

  async #row(client: Client): Promise<void> {
    this.#number += 1;
    const number = this.#number;
    const sent = now();
    let acknowledged: number | undefined;
    try {
      await client.query('insert into journal (number) values ($1)', [number]);
      acknowledged = now();
    } finally {
      this.journal.push({ number, sent, acknowledged });
    }
    await systemClock.sleep(15);
  }
}

export async function prove({ tools, rounds, restores, random, tell = () => {} }: ProofOptions): Promise<ProofReport> {
  const dataDirectory = join(folder(), 'data');
  let running = await server({ tools, password, dataDirectory, settings: sure });
  const again = { tools, password, dataDirectory, settings: sure, port: running.port };
  await ask(running, 'create table journal (number int primary key, at timestamptz default clock_timestamp())');
  const writer = new Writer(running.url);
  const trial = new LogTrial(physicalSource({ connection: running.url, slot }));
  let [kills, runs, bases] = [0, 0, 0];
  const base = async (cadence: 'full' | 'incremental'): Promise<void> => {
    await trial.run(cadence);
    bases += 1;
  };
  const follow = async (count: number, kill?: () => Promise<void>): Promise<void> => {
    for (let round = 0; round < count; round += 1) {
      await systemClock.sleep(100 + random() * 250);
      if (kill && round % 4 === 2) await kill();
      await trial.run('logs');
      runs += 1;
    }
  };
  const crash = async (): Promise<void> => {
    await running.stop('immediate');
    running = await server(again);
    kills += 1;
  };
  await base('full');
  writer.start();
  await follow(rounds, crash);
  await base('incremental');
  await follow(Math.ceil(rounds / 2), crash);
  tell(`${writer.journal.length} rows, ${runs} runs, ${kills} kills; now a standby takes over`);

  const promoted = await standbyOf(running, trial, tools);
  await follow(1);
  await caughtUp(running, promoted);
  await running.stop('immediate');
  kills += 1;
  await ask(promoted, 'select pg_promote(true, 30)');
  writer.url = promoted.url;
  trial.source = physicalSource({ connection: promoted.url, slot });
  const known = new Set((await ask(promoted, 'select number from journal')).map(([number]) => Number(number)));
  const lost = new Set(
    writer.journal.filter((row) => row.acknowledged !== undefined && !known.has(row.number)).map((row) => row.number),
  );
  await follow(2);
  await base('full');
  await follow(Math.ceil(rounds / 2));
  const until = trial.snapshots.at(-1)!.details.window as { latest: string };

  await writer.stop();
  const expected = Number((await ask(promoted, 'select count(*) from journal'))[0]![0]);
  await systemClock.sleep(1100);
  const mistakeAt = now();
  await ask(promoted, 'truncate journal');
  await follow(1);

  const outcomes: ProofReport['restores'][number][] = [];
  const [first, last] = [startOf(trial), Date.parse(until.latest)];
  for (let restore = 0; restore < restores; restore += 1) {
    // in strata, so that every phase is met however few there are
    const at = Math.trunc(first + ((last - first) * (restore + random())) / restores);
    const { snapshot, rows } = await restored(trial, new Date(at).toISOString(), tools);
    const timeline = Number(snapshot.details.walTimeline ?? snapshot.details.timeline);
    const faults = faultsOf(writer.journal, at, rows, timeline === 1 ? new Set() : lost);
    outcomes.push({ moment: new Date(at).toISOString(), snapshot: snapshot.id, timeline, rows: rows.size, faults });
    tell(
      `${new Date(at).toISOString()} from ${snapshot.id}, timeline ${timeline}: ${rows.size} rows, ${faults.length} faults`,
    );
  }
  const before = await restored(trial, new Date(mistakeAt - 1000).toISOString(), tools);
  await promoted.stop();
  return {
    written: writer.journal.length,
    lostWithTheOldPrimary: lost.size,
    ...{ kills, runs, bases },
    restores: outcomes,
    mistake: { rows: before.rows.size, expected },
  };
}

/** What a moment lacks, and what it has too much. */
function faultsOf(
  journal: readonly Written[],
  at: number,
  rows: ReadonlySet<number>,
  lost: ReadonlySet<number>,
): string[] {
  const faults: string[] = [];
  for (const { number, sent, acknowledged } of journal) {
    const there = rows.has(number);
    if (!there && acknowledged !== undefined && acknowledged <= at && !lost.has(number))
      faults.push(`row ${number}, acknowledged ${(at - acknowledged).toFixed(1)} ms before, is missing`);
    if (there && sent > at) faults.push(`row ${number}, sent ${(sent - at).toFixed(1)} ms after, is there`);
  }
  return faults;
}

async function restored(
  trial: LogTrial,
  at: string,
  tools: PostgresTools,
): Promise<{ snapshot: Snapshot; rows: Set<number> }> {
  const target = join(folder(), 'restored');
  const snapshot = await trial.restore(at, target);
  const there = await recovered(await startOn(target, tools));
  const rows = await ask(there, 'select number from journal');
  await there.stop();
  await rm(target, { recursive: true, force: true });
  return { snapshot, rows: new Set(rows.map(([number]) => Number(number))) };
}

/** A standby made of what was saved, which then follows the primary. */
async function standbyOf(primary: RunningPostgres, trial: LogTrial, tools: PostgresTools): Promise<RunningPostgres> {
  const target = join(folder(), 'standby');
  await trial.restore('latest', target);
  await rm(join(target, 'recovery.signal'));
  await writeFile(join(target, 'standby.signal'), '');
  const conninfo = `host=127.0.0.1 port=${primary.port} user=postgres password=${password}`;
  await appendFile(
    join(target, 'postgresql.auto.conf'),
    `primary_conninfo = '${conninfo}'\nrecovery_target_timeline = 'latest'\n`,
  );
  return server({ tools, password, dataDirectory: target, settings: sure });
}

async function caughtUp(primary: RunningPostgres, standby: RunningPostgres): Promise<void> {
  const [[wanted]] = (await ask(primary, 'select pg_current_wal_flush_lsn()')) as [[string]];
  for (let patience = 0; patience < 400; patience += 1) {
    const [[done]] = (await ask(standby, `select coalesce(pg_last_wal_replay_lsn() >= '${wanted}', false)`)) as [
      [string],
    ];
    if (done === 'true') return;
    await systemClock.sleep(25);
  }
  throw new Error('the standby does not follow');
}

function startOf(trial: LogTrial): number {
  return Date.parse((trial.snapshots[0]!.details.window as { earliest: string }).earliest) + 1;
}

async function ask(there: RunningPostgres, text: string): Promise<string[][]> {
  return withClient(parseConnection(there.url), async (client) =>
    (await client.query({ text, rowMode: 'array' })).rows.map((row: unknown[]) => row.map(String)),
  );
}
