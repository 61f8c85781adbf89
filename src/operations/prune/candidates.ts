/** What retention has to know of the snapshots of a vault, read from it. */
import { candidateOf, type RetentionCandidate } from '../../plan/index.ts';
import { strongest } from '../../vault/records/snapshots.ts';
import type { Vault } from '../../vault/vault.ts';

/** Of all sources. Errors: everything that keeps a list from being complete. */
export async function candidatesOf(vault: Vault, now: Date): Promise<RetentionCandidate[]> {
  const [snapshots, trust, holds, leases, sightings] = [
    await vault.snapshots.list(),
    await vault.snapshots.trust(),
    await vault.snapshots.holds(),
    await vault.leases.list(),
    await vault.snapshots.sightings(),
  ];
  return snapshots.map((snapshot) => {
    const readers = [...leases.values()]
      .filter((lease) => lease.snapshot === snapshot.id && new Date(lease.expires) > now)
      .map((lease) => `${lease.what === 'restore' ? 'restore' : 'run'} ${lease.by} needs it`);
    const seen = sightings.get(snapshot.id);
    return candidateOf(snapshot, {
      trust: strongest(trust.get(snapshot.id) ?? []),
      held: holds.has(snapshot.id),
      ...(readers.length > 0 && { protectedBy: readers }),
      ...(seen && { sightings: seen }),
    });
  });
}
