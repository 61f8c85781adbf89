/**
 * The kind `rds`. Its bytes stay with the service: what goes into the vault is where each snapshot and its copies are, and the
 * context that a restore would forget, as JSON files in a folder for each database. The snapshots were taken before, by
 * `operations/managed`; the revision that a job carries names them.
 */
import { fail } from '../../core/errors.ts';
import { canonicalJson, type Json } from '../../core/json.ts';
import type { Problem } from '../../format/snapshot.ts';
import { encodeTree, type TreeEntry } from '../../format/tree.ts';
import { filesSource } from '../files/index.ts';
import type { CaptureContext, CapturedContent, CaptureOutcome, Source } from '../port.ts';
import { type Choice, chosen } from './choice.ts';
import { arnIn, belongingOf, type Owner, setIn } from './names.ts';
import { type DatabaseSnapshot, databaseKinds, type RdsRegion } from './port.ts';

export interface RdsOptions {
  readonly plan: string;
  readonly source: string;
  readonly databases: Choice;
  readonly copies: readonly { readonly region: string; readonly key: string }[];
  readonly rds: RdsRegion;
}

/** Where a database's snapshot and its copies are; `details.databases` of the vault's snapshot has one for each. */
export interface CapturedDatabase {
  readonly kind: string;
  readonly id: string;
  readonly resource: string;
  readonly snapshot: string;
  readonly engine: string;
  readonly version: string;
  readonly time: string;
  readonly encrypted: boolean;
  readonly places: readonly { readonly region: string; readonly arn: string; readonly key?: string }[];
}

export function rdsSource(options: RdsOptions): Source {
  // what lies in the vault is a tree of files like any other
  const { checkTarget, restore, validate, discard } = filesSource({ path: '/', exclude: [], allowEmpty: true });
  return {
    kind: 'rds',
    revision: async (context) => context.revision ?? noSet(options.source),
    pointInTime: async (context) => (setIn(context.revision ?? '') ?? noSet(options.source)).time,
    split: async (context) => [{ revision: context.revision ?? noSet(options.source) }],
    capture: (shard, _state, context) => captureSet(options, String(shard.revision), context),
    combine: async (results) => results[0] as unknown as CapturedContent,
    checkTarget,
    restore,
    validate,
    discard,
  };
}

function noSet(source: string): never {
  return fail('Unexpected', `no snapshots were taken of ${source} before it is captured`, {
    hint: 'Start the backup workflow; it takes them first.',
  });
}

async function captureSet(options: RdsOptions, revision: string, context: CaptureContext): Promise<CaptureOutcome> {
  const { rds, source } = options;
  const { set, time } = setIn(revision) ?? noSet(source);
  const snapshots = await snapshotsOf(options, set);
  const problems: Problem[] = [];
  const databases: CapturedDatabase[] = [];
  const folders: TreeEntry[] = [];
  const builder = treeBuilder(context, time);
  for (const snapshot of snapshots) {
    const database = await rds.findDatabase(snapshot.kind, snapshot.database);
    const files: Record<string, Json> = database ? { ...(await rds.settings(database)) } : {};
    const folder = `${snapshot.kind}-${snapshot.database}`;
    if (!database) {
      problems.push({
        path: folder,
        what: 'the database is gone; its snapshot is there, its settings could not be read',
      });
    }
    files['snapshot.json'] = snapshot.about;
    folders.push(
      builder.folder(
        folder,
        Object.entries(files).map(([name, value]) => builder.file(name, value)),
      ),
    );
    databases.push({
      kind: snapshot.kind,
      id: snapshot.database,
      resource: database?.resource ?? '',
      snapshot: snapshot.id,
      engine: String(snapshot.about.Engine ?? ''),
      version: String(snapshot.about.EngineVersion ?? ''),
      time: (snapshot.originalTime ?? time).toISOString(),
      encrypted: snapshot.encrypted,
      places: [
        { region: rds.region, arn: snapshot.arn, ...(snapshot.key !== undefined && { key: snapshot.key }) },
        ...options.copies.map((copy) => ({
          region: copy.region,
          arn: arnIn(copy.region, snapshot.arn),
          ...(snapshot.encrypted || snapshot.kind === 'instance' ? { key: copy.key } : {}),
        })),
      ],
    });
  }
  for (const path of await notTaken(options, snapshots, time)) {
    problems.push({ path, what: 'no snapshot of it was taken in this run' });
  }
  const { root, totals } = builder.root(folders);
  const content: CapturedContent = {
    root,
    totals,
    problems,
    details: { region: rds.region, set, databases: databases as unknown as Json },
  };
  const progress = { files: totals.files, bytes: totals.bytes };
  return { done: true, result: content as unknown as Json, progress };
}

/** Those that are available, in order of their databases. Errors: `ManagedFailed` when there is none. */
async function snapshotsOf({ rds, source, plan }: RdsOptions, set: string): Promise<DatabaseSnapshot[]> {
  const found: DatabaseSnapshot[] = [];
  for (const kind of databaseKinds) {
    for (const snapshot of await rds.snapshots(kind)) {
      const of = belongingOf(snapshot, ownerIn(snapshot, plan));
      if (of?.source === source && of.set === set && snapshot.status === 'available') found.push(snapshot);
    }
  }
  if (found.length === 0) {
    fail('ManagedFailed', `the snapshots that were taken of ${source} in ${set} are not there any more`, {
      hint: 'Look in the RDS console who removed them, and back up again.',
    });
  }
  return found.sort((a, b) => (a.arn < b.arn ? -1 : 1));
}

/** A set's name is this vault's already; of the owner only the plan has to be compared. */
function ownerIn({ tags }: DatabaseSnapshot, plan: string): Owner {
  return { plan, vault: (tags['tidemark:owner'] ?? '').split('/').at(-1) ?? '' };
}

/** What the plan means and the set lacks; a database that was made since is the next run's. */
async function notTaken(
  { databases, rds }: RdsOptions,
  snapshots: readonly DatabaseSnapshot[],
  time: Date,
): Promise<string[]> {
  const taken = new Set(snapshots.map(({ kind, database }) => `${kind}-${database}`));
  const meant = 'tag' in databases ? await chosen(databases, rds) : [];
  return meant
    .filter(({ created }) => created === undefined || created <= time)
    .map(({ kind, id }) => `${kind}-${id}`)
    .filter((folder) => !taken.has(folder));
}

interface TreeBuilder {
  file(name: string, value: Json): TreeEntry;
  folder(name: string, entries: readonly TreeEntry[]): TreeEntry;
  root(entries: readonly TreeEntry[]): Pick<CapturedContent, 'root' | 'totals'>;
}

/** Equal context gives equal bytes, so it is stored once. */
function treeBuilder({ sink }: CaptureContext, time: Date): TreeBuilder {
  const totals = { files: 0, directories: 0, others: 0, bytes: 0, read: 0 };
  const attributes = { uid: 0, gid: 0, mtime: `${BigInt(time.getTime()) * 1_000_000n}` };
  const listed = (entries: readonly TreeEntry[]): string =>
    sink.put(encodeTree({ entries: [...entries].sort((a, b) => (a.name! < b.name! ? -1 : 1)) }), 'tree');
  return {
    file(name, value) {
      const bytes = Buffer.from(`${JSON.stringify(JSON.parse(canonicalJson(value)), null, 2)}\n`);
      const content = sink.stream();
      content.write(bytes);
      totals.files += 1;
      totals.bytes += bytes.length;
      totals.read += bytes.length;
      return { name, ...attributes, type: 'file', mode: 0o644, ...content.end() };
    },
    folder(name, entries) {
      totals.directories += 1;
      const below = { files: entries.length, bytes: entries.reduce((sum, { size = 0 }) => sum + size, 0) };
      return { name, ...attributes, type: 'directory', mode: 0o755, tree: listed(entries), below };
    },
    root: (entries) => ({ root: listed(entries), totals }),
  };
}
