/** Which snapshot is meant, by an id or by a source whose newest it is; and where something lies in it. */
import type { Machine } from '../local/machine.ts';
import { fail } from '../src/core/errors.ts';
import type { Snapshot } from '../src/format/snapshot.ts';
import { entryName, type TreeEntry } from '../src/format/tree.ts';
import { nearest } from '../src/plan/file/nearest.ts';
import type { Vault } from '../src/vault/vault.ts';
import { moment } from './words.ts';

/** Errors: `UsageInvalid` for a number that is none, `InputInvalid` for one that the plan does not have. */
export function vaultNumber(text: string | undefined): number {
  if (text === undefined) return 0;
  if (/^\d{1,3}$/.test(text)) return Number(text);
  return fail('UsageInvalid', `--vault ${text} is no number`, {
    hint: 'Use 0 for the primary, 1 for the first replica, and so on.',
  });
}

/** Errors: `SourceUnknown` with the nearest right id, when neither the plan nor `known` has it. */
export function requireSource(machine: Machine, id: string, known: readonly string[] = []): void {
  const ids = [...new Set([...machine.plan.sources.map((source) => source.id), ...known])];
  if (ids.includes(id)) return;
  const near = nearest(id, ids);
  fail('SourceUnknown', `the plan ${machine.plan.plan} has no source ${JSON.stringify(id)}`, {
    hint: near === undefined ? `It has: ${ids.join(', ')}.` : `Did you mean ${near}?`,
  });
}

/** Errors: `SnapshotMissing`, `RestorePointMissing`. */
export async function findSnapshot(machine: Machine, vault: Vault, name: string): Promise<Snapshot> {
  if (!machine.plan.sources.some(({ id }) => id === name)) return vault.snapshots.get(name);
  const [newest] = await vault.snapshots.list(name);
  return (
    newest ?? fail('RestorePointMissing', `${name} has no snapshot yet`, { hint: 'Make one with `tidemark backup`.' })
  );
}

/** What lies at a path of a snapshot; the root itself for an empty path. Errors: `SnapshotMissing`, in words. */
export async function entriesAt(
  vault: Vault,
  snapshot: Snapshot,
  path: string,
): Promise<readonly TreeEntry[] | TreeEntry> {
  const reader = await vault.reader();
  let entries = (await reader.tree(snapshot.root)).entries;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  for (const [at, part] of parts.entries()) {
    const entry = entries.find((one) => entryName(one).equals(Buffer.from(part)));
    const here = parts.slice(0, at + 1).join('/');
    if (!entry) {
      const near = nearest(
        part,
        entries.map((one) => one.name ?? ''),
      );
      return fail('UsageInvalid', `${snapshot.id} has no ${here}`, {
        hint: near === undefined ? `See \`tidemark ls ${snapshot.id}\`.` : `Did you mean ${near}?`,
      });
    }
    if (entry.tree === undefined) {
      if (at === parts.length - 1) return entry;
      return fail('UsageInvalid', `${here} of ${snapshot.id} is no directory`, {
        hint: 'Look at it with `tidemark cat`.',
      });
    }
    entries = (await reader.tree(entry.tree)).entries;
  }
  return entries;
}

/** For people: the stretches of time of which any second can be restored, the newest last; none where there are none. */
export function windowLines(
  source: string,
  windows: readonly { readonly earliest: string; readonly latest: string }[] = [],
): string {
  const shown = windows.slice(-3).map(({ earliest, latest }) => `${moment(earliest)} to ${moment(latest)}`);
  const more = windows.length > shown.length ? `${windows.length - shown.length} earlier stretches, ` : '';
  return shown.length === 0 ? '' : `${source}: any second from ${more}${shown.join(', ')}\n`;
}
