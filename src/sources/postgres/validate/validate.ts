/**
 * Is the restored database what the snapshot holds? The stored dump is read from its first byte to its last, every table of
 * the database is read back, and the rows are compared, all of them; so are the positions of sequences, and whether
 * everything else that the dump names is there.
 */
import type { Deadline } from '../../../core/deadline.ts';
import { fail } from '../../../core/errors.ts';
import type { Problem } from '../../../format/snapshot.ts';
import type { RestoreContext, ValidationReport } from '../../port.ts';
import type { ArchiveEntry } from '../archive/contents.ts';
import { RowHasher, tableOf } from '../archive/rows.ts';
import { ArchiveWalker } from '../archive/walker.ts';
import { type Client, withClient } from '../client.ts';
import { parseConnection } from '../connection.ts';
import type { Manifest } from '../manifest.ts';
import { entriesOf, selectTables } from '../restore/selection.ts';
import { openStored, pieces, type StoredDump } from '../restore/stored.ts';
import { foreignKeysToNowhere } from '../restore/tables.ts';
import { hashRows, speakLikeDump } from './copy-out.ts';
import { checkObjects, checkSequences } from './expected.ts';

export async function validateDatabase(context: RestoreContext): Promise<ValidationReport> {
  const stored = await openStored(context);
  const connection = parseConnection(context.target, 'TargetUnusable');
  return withClient(connection, async (client) => {
    const entries = await expectedEntries(client, stored, context);
    const wanted = entries.filter((entry) => entry.copy !== undefined && entry.hasData);
    const inDump = await hashDump(stored, wanted, context);
    await client.query(`set search_path = ''`);
    const whole = context.paths.length === 0;
    const objects = await checkObjects(client, entries, whole ? stored.manifest.roles : []);
    const sequences = await checkSequences(client, whole ? entries : []);
    const counts = checkCounts(stored.manifest, inDump, whole);

    await speakLikeDump(client, encodingOf(stored), stored.manifest.database.byteaOutput);
    const problems: Problem[] = [...objects.problems, ...sequences.problems, ...counts];
    const checked = { tables: 0, rows: 0, bytes: 0, sequences: sequences.count, objects: objects.count };
    for (const entry of wanted) {
      inTime(context.deadline);
      const { rows, bytes, problem } = await compareTable(client, entry, inDump.get(entry.id)!);
      checked.tables += 1;
      checked.rows += rows;
      checked.bytes += bytes;
      if (problem !== undefined) problems.push(problem);
    }
    return { checked, problems };
  });
}

/** The entries that a restore of these paths brings, in a database like this one. */
async function expectedEntries(
  client: Client,
  { contents }: StoredDump,
  context: RestoreContext,
): Promise<readonly ArchiveEntry[]> {
  if (context.paths.length === 0) return contents.entries;
  const selection = selectTables(contents, context.paths);
  return entriesOf(contents, selection, new Set(), await foreignKeysToNowhere(client, selection));
}

/** Reads the whole dump out of the vault. Errors: `VaultDamaged` when it is not whole. */
async function hashDump(
  stored: StoredDump,
  wanted: readonly ArchiveEntry[],
  context: RestoreContext,
): Promise<Map<number, RowHasher>> {
  const hashers = new Map(wanted.map((entry) => [entry.id, new RowHasher()]));
  const walker = new ArchiveWalker({ data: (entry, bytes) => hashers.get(entry.id)?.write(bytes) }, 'VaultDamaged');
  for await (const piece of pieces(context.reader, stored.dump)) {
    inTime(context.deadline);
    walker.write(piece);
  }
  walker.end();
  return hashers;
}

/** The dump against the manifest, which holds what the server counted when the dump was made. */
function checkCounts(manifest: Manifest, inDump: ReadonlyMap<number, RowHasher>, whole: boolean): Problem[] {
  if (!whole) return [];
  const [said, found] = [
    manifest.tables.reduce((sum, table) => sum + table.rows, 0),
    [...inDump.values()].reduce((sum, hasher) => sum + hasher.rows, 0),
  ];
  return said === found ? [] : [{ path: 'database.dump', what: `holds ${found} rows, the manifest says ${said}` }];
}

async function compareTable(
  client: Client,
  entry: ArchiveEntry,
  expected: RowHasher,
): Promise<{ rows: number; bytes: number; problem?: Problem }> {
  const path = tableOf(entry);
  const statement = entry.copy!.replace(/ FROM stdin;\s*$/, ' TO STDOUT');
  let found: RowHasher;
  try {
    found = await hashRows(client, statement);
  } catch (error) {
    return { rows: 0, bytes: 0, problem: { path, what: `cannot be read: ${(error as Error).message}` } };
  }
  const { rows, bytes } = found;
  if (found.fingerprint() === expected.fingerprint()) return { rows, bytes };
  const what =
    rows === expected.rows ? 'holds other rows than the snapshot' : `holds ${rows} rows, the snapshot ${expected.rows}`;
  return { rows, bytes, problem: { path, what } };
}

function encodingOf({ contents, manifest }: StoredDump): string {
  const definition = contents.entries.find((entry) => entry.kind === 'ENCODING')?.definition ?? '';
  return /client_encoding = '([^']+)'/.exec(definition)?.[1] ?? manifest.database.encoding;
}

function inTime(deadline: Deadline): void {
  if (!deadline.passed()) return;
  fail('DeadlineExceeded', 'the restored database could not be compared in the time of one invocation', {
    hint: 'Give the function validate-restore more time or memory.',
  });
}
