/** The kind `postgres` by the method `physical`: base backups of a whole server over a replication connection. */
import type { Json } from '../../../core/json.ts';
import type { Source } from '../../port.ts';
import { parseConnection } from '../connection.ts';
import { withReplication } from '../replication/connection.ts';
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
}

/** Errors: `PlanInvalid` for a connection that is none, when it is first used. */
export function physicalSource(options: PhysicalOptions): Source {
  const capturing = () => ({
    connection: parseConnection(options.connection),
    checkpoint: options.checkpoint ?? ('fast' as const),
    maxRate: options.maxRate,
  });
  return {
    kind: 'postgres',
    async split() {
      const { connection } = capturing();
      const { systemIdentifier } = await withReplication(connection, serverFacts);
      return [{ system: systemIdentifier }];
    },
    capture: (_shard, _state, context) => captureBase(capturing(), context),
    combine: async (results: readonly Json[], context) => combineBase(results[0] as unknown as CapturedBase, context),
    checkTarget,
    restore,
    validate,
    discard,
  };
}
