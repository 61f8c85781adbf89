/** The snapshots of a vault, what is known of their trustworthiness, and who wants them kept. */
import * as z from 'zod';
import { fail, isTidemarkError } from '../../core/errors.ts';
import { canonicalJson } from '../../core/json.ts';
import { idInKey, layout } from '../../format/layout.ts';
import { type Snapshot, snapshotSchema, type TrustLevel, trustLevels } from '../../format/snapshot.ts';
import type { VaultObjects } from './objects.ts';

const trustSchema = z.object({ level: z.enum(trustLevels), time: z.iso.datetime(), by: z.string() });
export type TrustRecord = z.infer<typeof trustSchema>;

const holdSchema = z.object({ who: z.string(), why: z.string(), time: z.iso.datetime() });
export type Hold = z.infer<typeof holdSchema>;

const leavingSchema = z.object({ by: z.string(), time: z.iso.datetime() });
type Leaving = z.infer<typeof leavingSchema>;
/** No invocation lives longer: a mark that is older was left by one that died, and the next one looks for holds again. */
const longestDeletion = 15 * 60 * 1000;

const acceptanceSchema = holdSchema;
/** A person's word that a suspicious snapshot is right. */
export type Acceptance = z.infer<typeof acceptanceSchema>;

const sightingsSchema = z.object({ times: z.array(z.iso.datetime()) });
/** More than a year of daily ones. */
const sightingsKept = 400;

export class Snapshots {
  readonly #objects: VaultObjects;
  /** Snapshots never change, so one that was read stays read. */
  readonly #known = new Map<string, Snapshot>();

  constructor(objects: VaultObjects) {
    this.#objects = objects;
  }

  /** Newest first; of one source, or of all. Errors: everything that keeps the list from being complete. */
  async list(source?: string): Promise<Snapshot[]> {
    const keys = await this.#objects.keys(layout.snapshots(source));
    const snapshots: Snapshot[] = [];
    for (const key of keys) {
      const snapshot = await this.#readIfThere(key);
      if (snapshot) snapshots.push(snapshot);
    }
    return snapshots.sort((one, other) =>
      one.time === other.time ? compare(other.id, one.id) : compare(other.time, one.time),
    );
  }

  /** Errors: `SnapshotMissing`. */
  async get(id: string): Promise<Snapshot> {
    const found = await this.find(id);
    return (
      found ??
      fail('SnapshotMissing', `there is no snapshot ${id} in ${this.#objects.store.name}`, {
        hint: 'List them with `tidemark snapshots`.',
        context: { snapshot: id },
      })
    );
  }

  async find(id: string): Promise<Snapshot | undefined> {
    const source = id.split('.')[0] ?? '';
    const key = layout.snapshot(source, id);
    if (source === '' || (await this.#objects.store.head(key)) === undefined) return undefined;
    return this.#readIfThere(key);
  }

  /**
   * The one moment in which a snapshot comes into being. Everything it needs must be durable before. Committing the same
   * snapshot again is harmless; another one under the same id is refused with `ObjectExists`.
   */
  async commit(snapshot: Snapshot): Promise<void> {
    const key = layout.snapshot(snapshot.source, snapshot.id);
    if (await this.#objects.create(key, snapshotSchema.parse(snapshot))) return;
    const there = await this.#objects.read(key, snapshotSchema);
    if (canonicalJson(there) !== canonicalJson(snapshot)) {
      fail('ObjectExists', `snapshot ${snapshot.id} exists already in ${this.#objects.store.name} with other content`, {
        hint: 'Two runs took the same snapshot at once; the one that is there counts.',
        context: { key },
      });
    }
  }

  async delete(snapshot: Snapshot): Promise<void> {
    await this.#objects.store.delete([layout.snapshot(snapshot.source, snapshot.id)]);
    this.#known.delete(layout.snapshot(snapshot.source, snapshot.id));
    await this.#objects.store.delete([
      ...(await this.#objects.keys(layout.trusts(snapshot.id))),
      layout.sighting(snapshot.id),
    ]);
  }

  /** True when verification has shown this level. */
  async isTrusted(id: string, level: TrustLevel): Promise<boolean> {
    return (await this.#objects.readIfThere(layout.trust(id, level), trustSchema)) !== undefined;
  }

  async recordTrust(id: string, record: TrustRecord): Promise<void> {
    await this.#objects.write(layout.trust(id, record.level), record);
  }

  /** A later run found the source still in exactly this state. */
  async recordSighting(id: string, time: Date): Promise<void> {
    const known = await this.#objects.readIfThere(layout.sighting(id), sightingsSchema);
    const times = [...new Set([...(known?.times ?? []), time.toISOString()])].sort();
    await this.#objects.write(layout.sighting(id), { times: times.slice(-sightingsKept) });
  }

  async sightings(): Promise<Map<string, Date[]>> {
    const sightings = new Map<string, Date[]>();
    for (const key of await this.#objects.keys(layout.sightings)) {
      const times = await this.sightingsOf(idInKey(key));
      if (times) sightings.set(idInKey(key), times);
    }
    return sightings;
  }

  /** Oldest first. */
  async sightingsOf(id: string): Promise<Date[] | undefined> {
    const known = await this.#objects.readIfThere(layout.sighting(id), sightingsSchema);
    return known?.times.map((time) => new Date(time));
  }

  /** What verification has shown of each snapshot, by its id. */
  async trust(): Promise<Map<string, TrustRecord[]>> {
    const records = new Map<string, TrustRecord[]>();
    for (const key of (await this.#objects.keys(layout.trusts())).filter(isLevel)) {
      const id = key.split('/')[1]!;
      const record = await this.#objects.readIfThere(key, trustSchema);
      if (record) records.set(id, [...(records.get(id) ?? []), record]);
    }
    return records;
  }

  async trustOf(id: string): Promise<TrustRecord[]> {
    const records: TrustRecord[] = [];
    for (const key of (await this.#objects.keys(layout.trusts(id))).filter(isLevel)) {
      const record = await this.#objects.readIfThere(key, trustSchema);
      if (record) records.push(record);
    }
    return records;
  }

  /** From now on the snapshot counts as any other. */
  async accept(id: string, acceptance: Acceptance): Promise<void> {
    await this.get(id);
    await this.#objects.write(layout.acceptance(id), acceptanceSchema.parse(acceptance));
  }

  async acceptance(id: string): Promise<Acceptance | undefined> {
    return this.#objects.readIfThere(layout.acceptance(id), acceptanceSchema);
  }

  /** Suspicious, and nobody has said that it is right all the same. */
  async isSuspicious({ id, suspicion }: Pick<Snapshot, 'id' | 'suspicion'>): Promise<boolean> {
    return suspicion !== undefined && (await this.acceptance(id)) === undefined;
  }

  /** The acceptances of those that are suspicious, by id. */
  async acceptancesOf(snapshots: readonly Snapshot[]): Promise<Map<string, Acceptance>> {
    const acceptances = new Map<string, Acceptance>();
    for (const { id, suspicion } of snapshots) {
      const acceptance = suspicion === undefined ? undefined : await this.acceptance(id);
      if (acceptance) acceptances.set(id, acceptance);
    }
    return acceptances;
  }

  /**
   * From then on no prune deletes it. One that was about to has left a mark, and may not have seen the hold: then nobody can
   * say yet. Errors: `SnapshotMissing` when there is none, or when it may be going at this moment.
   */
  async hold(id: string, hold: Hold): Promise<void> {
    await this.get(id);
    await this.#objects.write(layout.hold(id), holdSchema.parse(hold));
    const leaving = await this.#objects.readIfThere(layout.leaving(id), leavingSchema);
    const isUnderWay = leaving && Date.parse(hold.time) - Date.parse(leaving.time) < longestDeletion;
    if (!isUnderWay && (await this.find(id))) return;
    fail('SnapshotMissing', `snapshot ${id} in ${this.#objects.store.name} is being deleted at this moment`, {
      hint: `The hold stands if it came in time: look with \`tidemark snapshots\`, and hold it again if it is there in ${longestDeletion / 60_000} minutes.`,
      context: { snapshot: id, ...(leaving && { by: leaving.by }) },
    });
  }

  async markLeaving(id: string, leaving: Leaving): Promise<void> {
    await this.#objects.write(layout.leaving(id), leavingSchema.parse(leaving));
  }

  async unmarkLeaving(id: string): Promise<void> {
    await this.#objects.store.delete([layout.leaving(id)]);
  }

  async release(id: string): Promise<void> {
    await this.#objects.store.delete([layout.hold(id)]);
  }

  async holds(): Promise<Map<string, Hold>> {
    const holds = new Map<string, Hold>();
    for (const key of await this.#objects.keys(layout.holds)) {
      holds.set(idInKey(key), await this.#objects.read(key, holdSchema));
    }
    return holds;
  }

  /** A prune may delete it between the look and the reading. That it is gone is asked again: a list that lacks something is dangerous. */
  async #readIfThere(key: string): Promise<Snapshot | undefined> {
    try {
      return await this.#read(key);
    } catch (error) {
      if (!isTidemarkError(error, 'ObjectMissing') || (await this.#objects.store.head(key))) throw error;
      return undefined;
    }
  }

  async #read(key: string): Promise<Snapshot> {
    const known = this.#known.get(key);
    if (known) return known;
    const snapshot = await this.#objects.read(key, snapshotSchema);
    if (layout.snapshot(snapshot.source, snapshot.id) !== key) {
      fail('VaultDamaged', `${key} in ${this.#objects.store.name} holds snapshot ${snapshot.id}`, { context: { key } });
    }
    this.#known.set(key, snapshot);
    return snapshot;
  }
}

/** The strongest level among records. */
export function strongest(records: readonly TrustRecord[]): TrustLevel | undefined {
  return trustLevels.findLast((level) => records.some((record) => record.level === level));
}

/** Beside the levels lies the list of the packs that they were shown with: see `needs.ts`. */
const isLevel = (key: string): boolean => trustLevels.some((level) => level === idInKey(key));

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
