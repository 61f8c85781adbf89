/** The kind `postgres` by the method `physical`: base backups of a whole server over a replication connection. */
import type { Json } from '../../../core/json.ts';
import type { Source } from '../../port.ts';
import { parseConnection } from '../connection.ts';
import { withReplication } from '../replication/connection.ts';
import { usualFolders } from '../tools.ts';
import { captureLogs, combineLogs } from '../wal/follow/capture.ts';
import { concernOf } from '../wal/follow/concern.ts';
import { logsOf } from '../wal/follow/plan-logs.ts';
import { ensureSlot } from '../wal/follow/server.ts';
import { lineageOf } from '../wal/lineage.ts';
import { type CapturedBase, captureBase } from './capture/capture.ts';
import { combineBase } from './capture/combine.ts';
import { serverFacts } from './capture/facts.ts';
import { checkTarget, discard, restore, validate } from './restore/restore.ts';

export interface PhysicalOptions {
  /** `postgres://user:password@host:port/database`, of a role that may replicate. Any database of the server will do. */
  readonly connection: string;
  /** How the server begins: `fast`, when not given, at once; `spread` gently. */
  readonly checkpoint?: 'fast' | 'spread';
  /** Bytes a second that the server sends at the most. */
  readonly maxRate?: number;
  /** The replication slot in which the server keeps its log for us, where that is saved too. */
  readonly slot?: string;
  /** Folders with the programs of a server, for rehearsals; the usual places when not given. */
  readonly tools?: readonly string[];
}

/** Errors: `PlanInvalid` for a connection that is none, when it is first used. */
export function physicalSource(options: PhysicalOptions): Source {
  const capturing = () => ({
    connection: parseConnection(options.connection),
    checkpoint: options.checkpoint ?? ('fast' as const),
    maxRate: options.maxRate,
  });
  const logs = logsOf(() => capturing().connection, options.slot);
  const servers = async () => options.tools ?? (await usualFolders());
  return {
    kind: 'postgres',
    lineage: async (known, cadence) => lineageOf(known, cadence),
    revision: async (context) => (context.cadence === 'logs' ? (await logs.plan(context)).revision : undefined),
    async concern(context) {
      if (context.cadence !== 'logs' || options.slot === undefined) return undefined;
      const { server, slot } = await logs.plan(context);
      return concernOf(server, slot, options.slot);
    },
    async split(context) {
      if (context.cadence === 'logs') return [(await logs.plan(context)).shard];
      const { connection } = capturing();
      const { systemIdentifier } = await withReplication(connection, async (replication) => {
        // before the base is begun, so that no log is missing behind it
        if (options.slot !== undefined) await ensureSlot(replication, options.slot);
        return serverFacts(replication);
      });
      return [{ system: systemIdentifier }];
    },
    capture: (shard, state, context) =>
      context.cadence === 'logs'
        ? captureLogs(capturing().connection, shard, state, context)
        : captureBase(capturing(), context),
    combine: async (results: readonly Json[], context) =>
      context.cadence === 'logs'
        ? combineLogs(results[0]!, context)
        : combineBase(results[0] as unknown as CapturedBase, context),
    checkTarget,
    restore,
    validate: (context) => validate(context, () => capturing().connection, servers),
    discard,
  };
}
