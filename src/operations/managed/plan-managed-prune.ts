/**
 * The part of a prune's plan that is about snapshots which AWS keeps: one written plan for each region. A region that does not
 * answer is not planned and not touched, and nothing that could be in it loses its record in a vault.
 */
import * as z from 'zod';
import { sha256 } from '../../codec/identity.ts';
import { fail } from '../../core/errors.ts';
import { canonicalJson } from '../../core/json.ts';
import { layout } from '../../format/layout.ts';
import type { Snapshot } from '../../format/snapshot.ts';
import type { Owner } from '../../sources/rds/names.ts';
import { databaseKinds } from '../../sources/rds/port.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { type Owned, ownedIn, planManaged, regionsOf, type Wishes } from './retention.ts';

const kind = z.enum(databaseKinds as readonly ['instance', 'cluster']);
export const managedPlanSchema = z.object({
  prune: z.string(),
  region: z.string(),
  made: z.iso.datetime(),
  policy: z.string(),
  keep: z.array(z.object({ id: z.string(), source: z.string(), reasons: z.array(z.string()) })),
  delete: z.array(
    z.object({
      id: z.string(),
      kind,
      source: z.string(),
      database: z.string(),
      set: z.string(),
      time: z.string(),
      reason: z.string(),
      newerGood: z.string(),
    }),
  ),
  frozen: z.array(z.object({ source: z.string(), reason: z.string() })),
});
export type ManagedPlan = z.infer<typeof managedPlanSchema>;

export const regionPruneSchema = z.object({ prune: z.string(), region: z.string(), hash: z.string() });
export type RegionPrune = z.infer<typeof regionPruneSchema>;

export const managedPlanKey = (prune: string, region: string): string => layout.work(prune, `rds-${region}`);

/** More than this share of a database's snapshots at once is more often a mistake than a wish, from this many on. */
const largestShare = 0.5;
const fewSnapshots = 10;

export interface PlannedManaged {
  readonly regions: readonly RegionPrune[];
  readonly keep: number;
  readonly delete: number;
  /** Why AWS may still have snapshots of this set, in words; undefined when it certainly has none. */
  stillThere(snapshot: Snapshot): string | undefined;
}

export async function planManagedPrune(
  context: OperationContext,
  prune: string,
  dryRun: boolean,
): Promise<PlannedManaged> {
  const { plan } = context;
  const regions = regionsOf(plan);
  if (regions.size === 0) return { regions: [], keep: 0, delete: 0, stillThere: () => undefined };
  const vault = await context.vaults.open(0);
  const owner: Owner = { plan: plan.plan, vault: vault.config.id };
  const there = new Map<string, Owned[]>();
  for (const [region, entry] of regions) {
    try {
      there.set(region, await ownedIn(await context.rds!(entry, region), owner));
    } catch (error) {
      context.log.warn('region-not-planned', { prune, region, reason: (error as Error).message });
    }
  }
  const unknown = [...regions.keys()].filter((region) => !there.has(region));
  const wishes = await wishesOf(context, vault, there, unknown);
  const planned: RegionPrune[] = unknown.map((region) => ({ prune, region, hash: 'not planned' }));
  let [keep, remove] = [0, 0];
  for (const [region, owned] of there) {
    const now = context.clock.now();
    const made = planManaged(plan, region, owned, wishes, now);
    const written = { prune, region, made: now.toISOString(), policy: plan.hash, ...made } as unknown as ManagedPlan;
    const tooMuch = largeShare(written, owned);
    if (tooMuch !== undefined && !dryRun) {
      context.log.warn('region-not-planned', { prune, region, reason: tooMuch });
      planned.push({ prune, region, hash: `refused: ${tooMuch}` });
      continue;
    }
    await vault.objects.write(managedPlanKey(prune, region), written);
    planned.push({ prune, region, hash: hashOf(written) });
    keep += written.keep.length;
    remove += written.delete.length;
  }
  const sets = new Map<string, string>();
  for (const [region, owned] of there) for (const { of } of owned) sets.set(`${of.source} ${of.set}`, region);
  return {
    regions: planned,
    keep,
    delete: remove,
    stillThere({ kind: of, source, details }) {
      if (of !== 'rds') return undefined;
      if (unknown.length > 0) return `RDS in ${unknown.join(', ')} does not say whether its snapshots are there`;
      const region = sets.get(`${source} ${String(details.set)}`);
      return region === undefined ? undefined : `RDS in ${region} still has its snapshots`;
    },
  };
}

/** A hold or a reader of the vault's snapshot is one of all that belongs to its set. */
async function wishesOf(
  context: OperationContext,
  vault: Vault,
  there: ReadonlyMap<string, readonly Owned[]>,
  unknown: readonly string[],
): Promise<Wishes> {
  const holds = await vault.snapshots.holds();
  const now = context.clock.now();
  const readers = [...(await vault.leases.list()).values()].filter(
    ({ what, expires }) => what === 'restore' && new Date(expires) > now,
  );
  const setOf = new Map<string, string>();
  for (const { id, source, kind: of, details } of await vault.snapshots.list()) {
    if (of === 'rds') setOf.set(`${source} ${String(details.set)}`, id);
  }
  const copying = new Set<string>();
  for (const owned of there.values()) {
    for (const { snapshot, of } of owned) {
      if (snapshot.status === 'copying') copying.add(`${of.source} ${of.kind} ${of.database} ${of.set}`);
    }
  }
  return ({ snapshot, of }) => {
    const id = setOf.get(`${of.source} ${of.set}`);
    return {
      held: id !== undefined && holds.has(id),
      protectedBy: [
        ...readers.filter((lease) => lease.snapshot === id).map((lease) => `restore ${lease.by} needs it`),
        ...(copying.has(`${of.source} ${of.kind} ${of.database} ${of.set}`) ? ['a copy of it is under way'] : []),
        ...(unknown.length > 0 && snapshot.copiedFrom === undefined
          ? [`a copy of it may be under way in ${unknown.join(', ')}, which does not answer`]
          : []),
      ],
    };
  };
}

function largeShare(plan: ManagedPlan, owned: readonly Owned[]): string | undefined {
  for (const [name, going] of Map.groupBy(plan.delete, ({ source, database }) => `${source} (${database})`)) {
    const all = owned.filter(({ of }) => `${of.source} (${of.database})` === name).length;
    if (all >= fewSnapshots && going.length > all * largestShare) {
      return `it would delete ${going.length} of ${all} snapshots of ${name} in ${plan.region} at once`;
    }
  }
  return undefined;
}

const hashOf = (plan: ManagedPlan): string => sha256(Buffer.from(canonicalJson(plan)));

/** The plan as it was hashed. Errors: `PruneRefused` when it is another one, or was refused or never made. */
export async function readManagedPlan(vault: Vault, { prune, region, hash }: RegionPrune): Promise<ManagedPlan> {
  if (hash.startsWith('refused: ')) {
    fail('PruneRefused', `prune touched nothing in ${region}: ${hash.slice('refused: '.length)}`, {
      hint: 'Look at `tidemark prune --dry-run`. If the policy is meant, make it stricter by degrees.',
    });
  }
  if (hash === 'not planned') {
    fail('DatabaseUnreachable', `RDS in ${region} did not say what is there, so nothing of it was pruned`, {
      hint: 'Check the rights and the way to RDS there. The next prune tries again.',
    });
  }
  const plan = await vault.objects.read(managedPlanKey(prune, region), managedPlanSchema);
  if (hashOf(plan) === hash) return plan;
  return fail('PruneRefused', `the plan of prune ${prune} for RDS in ${region} is not the one that was decided on`, {
    hint: 'Start the prune again; somebody or something changed its plan.',
    context: { prune, region },
  });
}
