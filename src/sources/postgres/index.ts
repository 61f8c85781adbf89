/**
 * The kind `postgres`, by two methods. `logical` is a dump of one database, with the roles of its server. What is stored is
 * pg_dump's own custom format, so that `pg_restore` alone gets it back; around it stand checks that a dump, and a restore,
 * is whole. `physical` is a base backup of the whole server: see `physical/`.
 *
 * The plan says how snapshots are taken. How one is restored is its own affair: it says itself what it is.
 */
import type { Json } from '../../core/json.ts';
import type { CapturedContent, RestoreContext, Source } from '../port.ts';
import { capture, preflight } from './capture/capture.ts';
import { withClient } from './client.ts';
import { isDatabaseUrl, parseConnection } from './connection.ts';
import { type PhysicalOptions, physicalSource } from './physical/index.ts';
import { isPhysical } from './physical/layout.ts';
import { discardDatabase } from './restore/database.ts';
import { directory, validateDirectory } from './restore/directory.ts';
import { checkDatabaseTarget, restoreDatabase } from './restore/restore.ts';
import { maintenance } from './restore/target.ts';
import { usualFolders } from './tools.ts';
import { validateDatabase } from './validate/validate.ts';

export { slotName } from './wal/follow/slot-name.ts';

export interface PostgresOptions extends Pick<PhysicalOptions, 'checkpoint' | 'maxRate'> {
  /** `logical` when not given. */
  readonly method?: 'logical' | 'physical';
  /** `postgres://user:password@host:port/database`. */
  readonly connection: string;
  /** Folders with pg_dump, pg_dumpall and pg_restore; the usual places when not given. */
  readonly tools?: readonly string[];
  /** Tables with more bytes than this are counted in the dump only. 1 GiB when not given. */
  readonly countUpTo?: number;
}

const gibibyte = 1024 ** 3;

/** Errors: `PlanInvalid` for a connection that is none, when it is first used. */
export function postgresSource(options: PostgresOptions): Source {
  const [logical, physical] = [logicalSource(options), physicalSource(options)];
  const of = (context: RestoreContext): Source => (isPhysical(context.details) ? physical : logical);
  return {
    ...(options.method === 'physical' ? physical : logical),
    checkTarget: async (context) => of(context).checkTarget(context),
    restore: async (state, context) => of(context).restore(state, context),
    validate: async (context) => of(context).validate(context),
    discard: async (context) => of(context).discard(context),
  };
}

function logicalSource(options: PostgresOptions): Source {
  const connection = () => parseConnection(options.connection);
  const folders = async () => options.tools ?? (await usualFolders());
  const capturing = async () => ({
    connection: connection(),
    folders: await folders(),
    countUpTo: options.countUpTo ?? gibibyte,
  });
  return {
    kind: 'postgres',
    // another method is another kind of snapshot, with nothing to compare
    lineage: async (known) => ({ parent: known.find(({ details }) => !isPhysical(details))?.id, others: [] }),
    async split() {
      const own = await capturing();
      await withClient(own.connection, (client) => preflight(client, own));
      return [{ database: own.connection.database }];
    },
    capture: async (_shard, _state, context) => capture(await capturing(), context),
    combine: async (results: readonly Json[]) => results[0] as unknown as CapturedContent,
    async checkTarget(context) {
      await (toDatabase(context) ? checkDatabaseTarget(await folders(), context) : directory.checkTarget(context));
    },
    async restore(state, context) {
      if (toDatabase(context)) return restoreDatabase(await folders(), context);
      return directory.restore(state, context);
    },
    async validate(context) {
      return toDatabase(context) ? validateDatabase(context) : validateDirectory(await folders(), context);
    },
    async discard(context) {
      if (!toDatabase(context)) return directory.discard(context);
      const target = parseConnection(context.target, 'TargetUnusable');
      await discardDatabase(target, await maintenance(target), context, connection());
    },
  };
}

function toDatabase(context: RestoreContext): boolean {
  return isDatabaseUrl(context.target);
}
