/** What lies in one vault at this moment, as the judge sees it: kept up with every change, and never asked of the engine. */
import { idInKey } from '../../../src/format/layout.ts';
import type { Snapshot } from '../../../src/format/snapshot.ts';
import type { Change } from '../world/medium.ts';
import { type Library, segmentOf } from './library.ts';

interface Since {
  readonly since: number;
}

export interface LeaseSeen extends Since {
  readonly what: 'writer' | 'restore';
  readonly snapshot?: string;
  readonly expires: number;
}

export class Shelf {
  readonly vault: number;
  readonly snapshots = new Map<string, Snapshot>();
  /** Ids of packs that are there, and whether each is what it should be. */
  readonly packs = new Map<string, boolean>();
  /** Packs that each readable segment tells of. */
  readonly segments = new Map<string, ReadonlyMap<string, readonly string[]>>();
  readonly trust = new Map<string, Set<string>>();
  readonly holds = new Map<string, Since>();
  readonly leases = new Map<string, LeaseSeen>();
  /** Of each: the moment that was seen, and since when that is known. */
  readonly sightings = new Map<string, readonly (Since & { readonly moment: number })[]>();
  /** When each was marked, and its packs. */
  readonly fossils = new Map<string, { readonly marked: number; readonly packs: readonly string[] }>();
  readonly #indexed = new Map<string, number>();
  readonly #library: Library;

  constructor(vault: number, library: Library) {
    this.vault = vault;
    this.#library = library;
  }

  take(change: Change, now: number): void {
    const { key, now: stored } = change;
    const room = key.slice(0, key.indexOf('/'));
    const id = idInKey(key);
    if (room === 'packs') put(this.packs, id, stored && this.#library.pack(id, stored.bytes));
    else if (room === 'index') this.#segment(id, stored && segmentOf(id, stored.bytes));
    else if (room === 'snapshots') put(this.snapshots, id, stored && json<Snapshot>(stored.bytes));
    else if (room === 'holds') put(this.holds, id, stored && { since: now });
    else if (room === 'fossils') put(this.fossils, id, stored && fossilOf(stored.bytes));
    else if (room === 'leases') put(this.leases, id, stored && leaseOf(stored.bytes, now));
    else if (room === 'sightings') put(this.sightings, id, stored && this.#sightings(id, stored.bytes, now));
    else if (room === 'trust') this.#trust(key, stored !== undefined);
  }

  /** A segment tells of the pack, and the pack is whole. */
  offers(pack: string): boolean {
    return this.packs.get(pack) === true && (this.#indexed.get(pack) ?? 0) > 0;
  }

  isIndexed(pack: string): boolean {
    return (this.#indexed.get(pack) ?? 0) > 0;
  }

  /** Blobs of the snapshot that this vault cannot give. */
  lacks(snapshot: Snapshot): readonly string[] {
    const tome = this.#library.tome(snapshot.root);
    if (!tome) return [snapshot.root];
    return tome.needs.filter((blob) => !this.#library.packsWith(blob).some((pack) => this.offers(pack)));
  }

  /** Blobs of the snapshot that lie in no pack that is there, whatever is in it. */
  misses(snapshot: Snapshot): readonly string[] {
    const needs = this.#library.tome(snapshot.root)?.needs ?? [];
    return needs.filter((blob) => !this.#library.packsWith(blob).some((pack) => this.packs.has(pack)));
  }

  /** Everything that verification has shown of it, and nothing that speaks against it. */
  isGood({ id, problemCount, suspicion }: Snapshot): boolean {
    const levels = this.trust.get(id);
    const shown = levels && ['complete', 'read', 'restored'].some((level) => levels.has(level));
    return shown === true && problemCount === 0 && suspicion === undefined;
  }

  /** Times at which the source is known to have been in this state, or was known before `before`. */
  momentsOf({ id, time }: Snapshot, before = Number.POSITIVE_INFINITY): readonly number[] {
    const seen = (this.sightings.get(id) ?? []).filter(({ since }) => since < before);
    return [Date.parse(time), ...seen.map(({ moment }) => moment)];
  }

  of(source: string): Snapshot[] {
    return [...this.snapshots.values()].filter((snapshot) => snapshot.source === source);
  }

  #segment(name: string, packs: ReadonlyMap<string, readonly string[]> | undefined): void {
    for (const pack of this.segments.get(name)?.keys() ?? []) this.#indexed.set(pack, this.#indexed.get(pack)! - 1);
    for (const pack of packs?.keys() ?? []) this.#indexed.set(pack, (this.#indexed.get(pack) ?? 0) + 1);
    put(this.segments, name, packs);
  }

  #sightings(id: string, bytes: Buffer, now: number): { since: number; moment: number }[] | undefined {
    const known = new Map((this.sightings.get(id) ?? []).map(({ since, moment }) => [moment, since]));
    const moments = json<{ times: string[] }>(bytes)?.times.map((time) => Date.parse(time));
    return moments?.map((moment) => ({ moment, since: known.get(moment) ?? now }));
  }

  #trust(key: string, there: boolean): void {
    const [, snapshot] = key.split('/');
    const levels = this.trust.get(snapshot!) ?? new Set();
    if (there) levels.add(idInKey(key));
    else levels.delete(idInKey(key));
    this.trust.set(snapshot!, levels);
  }
}

function put<Value>(map: Map<string, Value>, key: string, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

/** `undefined` for what is damaged. */
function json<Value>(bytes: Buffer): Value | undefined {
  try {
    return JSON.parse(bytes.toString()) as Value;
  } catch {
    return undefined;
  }
}

function leaseOf(bytes: Buffer, since: number): LeaseSeen | undefined {
  const lease = json<{ what: 'writer' | 'restore'; snapshot?: string; expires: string }>(bytes);
  return lease && { ...lease, since, expires: Date.parse(lease.expires) };
}

function fossilOf(bytes: Buffer): { marked: number; packs: string[] } | undefined {
  const fossil = json<{ marked: string; packs: { id: string }[] }>(bytes);
  return fossil && { marked: Date.parse(fossil.marked), packs: fossil.packs.map(({ id }) => id) };
}
