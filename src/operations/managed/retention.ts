/**
 * Retention of snapshots that AWS keeps, by the same planner as everything else, for each database in each region. Whose they
 * are is said by tags that the snapshot was given when it was made; when they are of, by the original's time. What is being
 * made, and what nobody can date, is no candidate.
 */
import type { Plan } from '../../plan/index.ts';
import { decideRetention, type RetentionCandidate, rpoOf } from '../../plan/index.ts';
import { type Belonging, belongingOf, type Owner } from '../../sources/rds/names.ts';
import { type DatabaseSnapshot, databaseKinds, type RdsRegion } from '../../sources/rds/port.ts';
import { type RdsEntry, rdsEntries } from './entry.ts';
import { hasFailed } from './managed.ts';

export interface Owned {
  readonly snapshot: DatabaseSnapshot;
  readonly of: Belonging;
}

export interface ManagedPrune {
  readonly keep: readonly { readonly id: string; readonly source: string; readonly reasons: readonly string[] }[];
  readonly delete: readonly {
    readonly id: string;
    readonly kind: 'instance' | 'cluster';
    readonly source: string;
    readonly database: string;
    readonly set: string;
    readonly time: string;
    readonly reason: string;
    readonly newerGood: string;
  }[];
  readonly frozen: readonly { readonly source: string; readonly reason: string }[];
}

/** Every region in which a source of the plan has snapshots, each with one source that says how it is reached. */
export function regionsOf(plan: Plan): ReadonlyMap<string, RdsEntry> {
  const regions = new Map<string, RdsEntry>();
  for (const entry of rdsEntries(plan)) {
    for (const region of [entry.region, ...entry.copies.map((copy) => copy.region)]) {
      if (!regions.has(region)) regions.set(region, entry);
    }
  }
  return regions;
}

/** What is the owner's in a region. */
export async function ownedIn(rds: RdsRegion, owner: Owner): Promise<Owned[]> {
  const owned: Owned[] = [];
  for (const kind of databaseKinds) {
    for (const snapshot of await rds.snapshots(kind)) {
      const of = belongingOf(snapshot, owner);
      if (of) owned.push({ snapshot, of });
    }
  }
  return owned;
}

/** What speaks for a set beyond its age: a hold, a restore, a copy of it that is still under way elsewhere. */
export type Wishes = (owned: Owned) => { readonly held: boolean; readonly protectedBy: readonly string[] };

/** Errors: `PruneRefused` for a policy or a list that is not one to delete by, or when too much would go at once. */
export function planManaged(
  plan: Plan,
  region: string,
  owned: readonly Owned[],
  wishes: Wishes,
  now: Date,
): ManagedPrune {
  const keep: ManagedPrune['keep'][number][] = [];
  const gone: ManagedPrune['delete'][number][] = [];
  const frozen: ManagedPrune['frozen'][number][] = [];
  const entries = new Map(rdsEntries(plan).map((entry) => [entry.id, entry]));
  for (const group of Map.groupBy(owned, ({ of }) => `${of.source} ${of.kind} ${of.database}`).values()) {
    const { source } = group[0]!.of;
    const entry = entries.get(source);
    if (!entry) {
      keep.push(
        ...group.map(({ snapshot }) => ({ id: snapshot.id, source, reasons: ['the plan has no such source'] })),
      );
      continue;
    }
    const ended = group.filter(({ snapshot }) => snapshot.status === 'available' || hasFailed(snapshot));
    for (const one of group.filter((each) => !ended.includes(each))) {
      keep.push({ id: one.snapshot.id, source, reasons: [`it is ${one.snapshot.status}`] });
    }
    const newestCopy = region === entry.region ? undefined : newestOf(ended);
    const decision = decideRetention({
      candidates: ended.map((one) => candidateOf(one, region, entry, one === newestCopy, wishes)),
      policy: entry.retention,
      timeZone: plan.timeZone,
      rpo: rpoOf(entry),
      now,
    });
    const byId = new Map(ended.map((one) => [one.snapshot.id, one]));
    keep.push(...decision.keep.map(({ id, reasons }) => ({ id, source, reasons })));
    frozen.push(...decision.frozen.map(({ reason }) => ({ source, reason })));
    for (const { id, time, reason, newerGood } of decision.delete) {
      const { of } = byId.get(id)!;
      gone.push({ id, kind: of.kind, source, database: of.database, set: of.set, time, reason, newerGood });
    }
  }
  return { keep, delete: gone, frozen };
}

function candidateOf(
  owned: Owned,
  region: string,
  entry: RdsEntry,
  newestCopy: boolean,
  wishes: Wishes,
): RetentionCandidate {
  const { snapshot, of } = owned;
  const { held, protectedBy } = wishes(owned);
  const key = entry.copies.find((copy) => copy.region === region)?.key;
  const flaw =
    snapshot.status !== 'available'
      ? `it is ${snapshot.status}`
      : key !== undefined && snapshot.encrypted && snapshot.key !== key
        ? 'it is not encrypted with the key of the plan'
        : undefined;
  const reasons = [
    ...protectedBy,
    ...(newestCopy
      ? ['it is the newest copy of its database here, without which the next one would be a full copy']
      : []),
  ];
  return {
    id: snapshot.id,
    source: of.source,
    time: of.time,
    good: flaw === undefined,
    ...(flaw !== undefined && { flaw }),
    held,
    ...(reasons.length > 0 && { protectedBy: reasons }),
  };
}

function newestOf(owned: readonly Owned[]): Owned | undefined {
  return owned
    .filter(({ snapshot, of }) => snapshot.status === 'available' && of.time !== undefined)
    .sort((a, b) => b.of.time!.getTime() - a.of.time!.getTime())[0];
}
