/** What retention has to know of the snapshots of a vault, read from it. */
import type { Snapshot } from '../../format/snapshot.ts';
import { candidateOf, type RetentionCandidate } from '../../plan/index.ts';
import { type Acceptance, strongest } from '../../vault/records/snapshots.ts';
import type { Vault } from '../../vault/vault.ts';

/** Of all sources. Errors: everything that keeps a list from being complete. */
export async function candidatesOf(vault: Vault, now: Date): Promise<RetentionCandidate[]> {
  const snapshots = await vault.snapshots.list();
  const accepted = await vault.snapshots.acceptancesOf(snapshots);
  const [trust, holds, leases, sightings] = [
    await vault.snapshots.trust(),
    await vault.snapshots.holds(),
    await vault.leases.list(),
    await vault.snapshots.sightings(),
  ];
  const shielded = shieldedBy(snapshots, accepted, now);
  return snapshots.map((snapshot) => {
    const shield = shielded.get(snapshot.id);
    const readers = [...leases.values()]
      .filter((lease) => lease.snapshot === snapshot.id && new Date(lease.expires) > now)
      .map((lease) => `${lease.what === 'restore' ? 'restore' : 'run'} ${lease.by} needs it`);
    const seen = sightings.get(snapshot.id);
    return candidateOf(snapshot, {
      trust: strongest(trust.get(snapshot.id) ?? []),
      held: holds.has(snapshot.id),
      accepted: accepted.has(snapshot.id),
      ...(readers.length + (shield ? 1 : 0) > 0 && { protectedBy: [...readers, ...(shield ? [shield] : [])] }),
      ...(seen && { sightings: seen }),
    });
  });
}

/** Somebody may say of an encrypted source that it is right: for so long there is a way back. */
const wayBack = 90 * 24 * 60 * 60 * 1000;

/**
 * The last good snapshot before each one that a person accepted, with the reason why it stays. Where nobody has accepted, nothing of
 * the source expires anyway, until a good one follows. `snapshots` newest first.
 */
function shieldedBy(
  snapshots: readonly Snapshot[],
  accepted: ReadonlyMap<string, Acceptance>,
  now: Date,
): ReadonlyMap<string, string> {
  const shielded = new Map<string, string>();
  for (const [at, { id, source }] of snapshots.entries()) {
    const acceptance = accepted.get(id);
    if (!acceptance) continue;
    const until = new Date(Date.parse(acceptance.time) + wayBack);
    const good = snapshots
      .slice(at + 1)
      .find((one) => one.source === source && one.suspicion === undefined && one.problemCount === 0);
    if (until <= now || !good || shielded.has(good.id)) continue;
    const day = until.toISOString().slice(0, 10);
    shielded.set(good.id, `the last good one before ${id}, which ${acceptance.who} accepted; stays until ${day}`);
  }
  return shielded;
}
