/**
 * A physical snapshot back in a directory that the stock server of its version starts on. Parts of it, when they are asked
 * for, come as the files that they are in the snapshot. Databases as targets are for logical snapshots.
 */
import { fail, isTidemarkError } from '../../../../core/errors.ts';
import type { Json } from '../../../../core/json.ts';
import { readMarker, writeMarker } from '../../../files/restore/marker.ts';
import type { RestoreContext, RestoreOutcome, ValidationReport } from '../../../port.ts';
import { type Connection, isDatabaseUrl } from '../../connection.ts';
import { directory } from '../../restore/directory.ts';
import { readDetails } from '../../wal/details.ts';
import { recoveryFiles } from '../../wal/recovery.ts';
import { physicalDetails } from '../layout.ts';
import { checkCluster } from './check-cluster.ts';
import { rehearse } from './rehearse.ts';
import { dataDirectory } from './view.ts';

/** Errors: `TargetUnusable`, `TargetNotEmpty`, `InputInvalid`. */
export async function checkTarget(context: RestoreContext): Promise<void> {
  if (isDatabaseUrl(context.target)) {
    fail('TargetUnusable', 'a physical snapshot is a whole server and cannot be restored into a database', {
      hint: 'Restore it to an empty directory and start PostgreSQL on that; single tables can be dumped from there.',
    });
  }
  try {
    await directory.checkTarget(await seen(context));
  } catch (error) {
    if (!isTidemarkError(error, 'TargetNotEmpty') || context.paths.length > 0) throw error;
    fail('TargetNotEmpty', error.message, {
      hint: 'Choose an empty directory, or move away what is there: a server would take it for its own, so nothing is overwritten.',
      context: error.context,
    });
  }
}

export async function restore(state: Json | undefined, context: RestoreContext): Promise<RestoreOutcome> {
  if (state === undefined) await checkTarget(context);
  return directory.restore(state, await seen(context));
}

/** `servers`: folders in which the programs of a server may lie; a rehearsal starts one. */
export async function validate(
  context: RestoreContext,
  source: () => Connection,
  servers: () => Promise<readonly string[]>,
): Promise<ValidationReport> {
  const report = await directory.validate(await seen(context));
  if (context.paths.length > 0) return report;
  const cluster = await checkCluster(context);
  const problems = [...report.problems, ...cluster.problems];
  const checked = { ...report.checked, ...cluster.checked };
  if (context.rehearsal !== true || problems.length > 0) return { checked, problems };
  const rehearsal = await rehearse(await servers(), source(), context);
  usedUp(context);
  return { checked: { ...checked, ...rehearsal.checked }, problems: rehearsal.problems };
}

/** The server has written there: what is in the target is still ours, and may go. */
function usedUp({ target, root }: RestoreContext): void {
  const marker = readMarker(target, root);
  if (marker !== undefined) writeMarker(target, root, { created: marker.created, finished: marker.finished });
}

export async function discard(context: RestoreContext): Promise<void> {
  await directory.discard(context);
}

/** The context with the snapshot as a data directory; as it is stored, where parts of it are asked for. */
async function seen(context: RestoreContext): Promise<RestoreContext> {
  if (context.paths.length > 0) return context;
  const log = context.moment && readDetails(context.details);
  const recovery = log && { files: recoveryFiles(log, context.moment!) };
  const view = await dataDirectory(context.reader, context.root, recovery);
  const { tree } = (await context.reader.tree(context.root)).entries.find(({ name }) => name === 'data')!;
  const owner = (await context.reader.tree(tree!)).entries.find(({ name }) => name === 'PG_VERSION')!;
  const { baseTime } = physicalDetails.parse(context.details);
  const mtime = `${BigInt(Date.parse(baseTime)) * 1_000_000n}`;
  // a server starts on no directory that others may look into
  const root = { mode: 0o700, uid: owner.uid, gid: owner.gid, mtime };
  // whatever else were left in a data directory would be part of the server that starts on it
  return { ...context, ...view, overwrite: false, details: { ...context.details, directory: root } };
}
