/** Snapshots of one server one after another, as the operations take them: lineage, revision, split, capture, combine. */

import type { RunningPostgres } from '../../../../local/postgres/server.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import type { Cadence, Snapshot } from '../../../../src/format/snapshot.ts';
import type { CaptureContext, PreviousSnapshot, RestoreMoment, Source } from '../../../../src/sources/port.ts';
import { withClient } from '../../../../src/sources/postgres/client.ts';
import { parseConnection } from '../../../../src/sources/postgres/connection.ts';
import { chooseMoment, readMoment } from '../../../../src/sources/postgres/wal/moment.ts';
import type { MemoryContent } from '../../memory-content.ts';
import { pages, restoreContext } from '../physical/trial.ts';
import { captureContext } from '../trial.ts';

/** A server takes readers while it still recovers; what it shows then is on the way. */
export async function recovered(server: RunningPostgres): Promise<RunningPostgres> {
  await withClient(parseConnection(server.url), async (client) => {
    for (;;) {
      const { rows } = await client.query('select pg_is_in_recovery() as busy');
      if (rows[0].busy === false) return;
      await systemClock.sleep(20);
    }
  });
  return server;
}

export class LogTrial {
  readonly content: MemoryContent = pages();
  readonly snapshots: Snapshot[] = [];
  /** Runs that found nothing new. */
  adopted = 0;
  source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  /** Undefined where the snapshot that is there was adopted. */
  async run(cadence: Cadence, more: Partial<CaptureContext> = {}): Promise<Snapshot | undefined> {
    const { source, content } = this;
    const known = this.snapshots.toReversed();
    const { parent, others } = await source.lineage!(known, cadence);
    const found = (id: string): PreviousSnapshot => this.#previous(known.find((one) => one.id === id)!);
    const context: CaptureContext = captureContext(content, {
      cadence,
      previous: parent === undefined ? undefined : found(parent),
      others: others.map(found),
      ...more,
    });
    const revision = await source.revision!(context);
    if (revision !== undefined && known.some((one) => one.revision === revision)) {
      this.adopted += 1;
      return undefined;
    }
    const results = [];
    for (const shard of await source.split(context)) {
      let state: unknown;
      for (;;) {
        // what a cursor or a result holds goes through JSON
        const outcome = await source.capture(JSON.parse(JSON.stringify(shard)), state as never, context);
        if (outcome.done) {
          results.push(JSON.parse(JSON.stringify(outcome.result)));
          break;
        }
        state = JSON.parse(JSON.stringify(outcome.state));
      }
    }
    const captured = await source.combine(results, context);
    const snapshot = {
      id: `db.${String(this.snapshots.length).padStart(3, '0')}`,
      source: 'db',
      kind: 'postgres',
      cadence,
      time: new Date().toISOString(),
      ...captured,
      totals: { ...captured.totals, stored: 0 },
      details: JSON.parse(JSON.stringify(captured.details)),
      problemCount: captured.problems.length,
      ...(revision !== undefined && { revision }),
    } as unknown as Snapshot;
    this.snapshots.push(snapshot);
    return snapshot;
  }

  /** Restores to a moment, and gives the snapshot that it was restored from. */
  async restore(at: string, target: string, more: RestoreMoment = {}): Promise<Snapshot> {
    const { snapshot, moment } = chooseMoment('db', this.snapshots.toReversed(), { ...readMoment(at), ...more });
    const captured = { ...(snapshot as object), content: this.content } as never;
    const context = restoreContext(captured, target, { moment });
    await this.source.checkTarget(context);
    const outcome = await this.source.restore(undefined, context);
    if (!outcome.done || outcome.problems.length > 0) throw new Error(`not restored: ${JSON.stringify(outcome)}`);
    const { problems } = await this.source.validate(context);
    if (problems.length > 0) throw new Error(`not what was saved: ${JSON.stringify(problems.slice(0, 3))}`);
    return snapshot;
  }

  #previous({ id, root, time, details, totals }: Snapshot): PreviousSnapshot {
    return { id, root, time: new Date(time), details, totals, tree: (tree) => this.content.tree(tree) };
  }
}
