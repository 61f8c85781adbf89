/**
 * Is a new snapshot what its source should look like? An empty, ransacked or encrypted source is captured without any error,
 * and would push out the good snapshots before it. A suspicious one is kept, does not count as good, and freezes the pruning of
 * its source, until a good one follows or a person says that it is right (`tidemark accept`).
 */
import type { Snapshot } from '../../format/snapshot.ts';
import type { Vault } from '../../vault/vault.ts';
import { type Rule, rules } from './rules.ts';
import { courseOf, type Known, remembered, type Signals, signalsOf } from './signals.ts';

/** In words, all that is odd; `undefined` when nothing is, or when there is nothing to compare with. */
export function suspicionOf(now: Signals, history: readonly Known[]): string | undefined {
  return (
    oddities(now, history)
      .map(({ says }) => says)
      .join('; ') || undefined
  );
}

export function oddities(now: Signals, history: readonly Known[]): { readonly rule: string; readonly says: string }[] {
  const all = history.slice(0, remembered).map(({ signals }) => signals);
  const newest = all[0];
  if (!newest) return [];
  const end = history.findIndex(({ accepted }) => accepted);
  const known = (end === -1 ? all : all.slice(0, end + 1)) as [Signals, ...Signals[]];
  const found = Object.entries(rules).flatMap(([rule, look]: [string, Rule]) => {
    const says = look({ now, known, all });
    return says === undefined ? [] : [{ rule, says }];
  });
  // Of what is empty there is no more to be said.
  return found[0]?.rule === 'emptied' ? found.slice(0, 1) : found;
}

/** What a new snapshot is held against, newest first: the newest good one like it, and the course that it remembers. */
export async function historyOf(
  vault: Vault,
  source: string,
  like: Pick<Snapshot, 'kind' | 'id' | 'details'>,
): Promise<Known[]> {
  for (const snapshot of await vault.snapshots.list(source)) {
    const { id, kind, cadence, details, problemCount, suspicion } = snapshot;
    if (id === like.id || kind !== like.kind || cadence === 'logs' || problemCount > 0) continue;
    // A dump and a base backup of one database weigh differently.
    if (details.method !== like.details.method || (await vault.snapshots.isSuspicious(snapshot))) continue;
    return [{ signals: signalsOf(snapshot), accepted: suspicion !== undefined }, ...courseOf(snapshot)];
  }
  return [];
}
