/**
 * Says whether a history is one that may be: looks at every change to every store at the moment of its effect, and at every
 * execution at its end. It knows what was protected and what was stored, and asks the engine nothing.
 */
import { layout } from '../../../src/format/layout.ts';
import type { Snapshot } from '../../../src/format/snapshot.ts';
import type { Container } from '../world/container.ts';
import type { Change } from '../world/medium.ts';
import type { Origin } from '../world/origin.ts';
import { Library } from './library.ts';
import { type Policy, whyItMustStay } from './promise.ts';
import { Shelf } from './shelf.ts';

/** What must never happen, and did. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export interface Scene {
  readonly now: () => number;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly policy: Policy;
  /** Milliseconds that two clocks may differ by. */
  readonly skew: number;
  readonly container: (number: number) => Container | undefined;
}

export class Judge {
  readonly library = new Library();
  readonly shelves: readonly Shelf[];
  readonly violations: Violation[] = [];
  /** When something of a vault last went bad by itself; none for never. */
  damaged: number | undefined;
  /** Snapshots that went when they might: `ID in VAULT`. */
  readonly expired = new Set<string>();
  /** Blobs that lay in what went bad. */
  readonly #spoiled = new Set<string>();
  readonly #scene: Scene;

  constructor(vaults: number, scene: Scene) {
    this.#scene = scene;
    this.shelves = Array.from({ length: vaults }, (_, vault) => new Shelf(vault, this.library));
  }

  /** Called at each change of a medium, after it. */
  readonly changed = (change: Change): void => {
    const { vault, key, before, now: stored, by } = change;
    const shelf = this.shelves[vault]!;
    const id = key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, '');
    const known = shelf.snapshots.get(id);
    const goodBefore = known !== undefined && shelf.isGood(known);
    if (by === undefined) this.#spoil(shelf, key);
    shelf.take(change, this.#scene.now());
    if (by === undefined) return;
    if (key.startsWith('snapshots/')) {
      if (stored) this.#appeared(shelf, id, known, before !== undefined);
      else if (known) this.#went(shelf, known, goodBefore, by);
    } else if (key.startsWith('packs/') || key.startsWith('index/')) {
      if (stored && before && !before.bytes.equals(stored.bytes) && this.damaged === undefined) {
        this.accuse(`${key} in vault-${vault} was replaced by other bytes`);
      }
      if (!stored || before) this.#stillThere(shelf, `${stored ? 'replacing' : 'deleting'} ${key}`);
    } else if (stored && key.startsWith('trust/') && key.endsWith('/complete.json')) {
      const snapshot = shelf.snapshots.get(key.split('/')[1]!);
      if (snapshot) this.#complete(snapshot, shelf, by);
    }
  };

  accuse(what: string): void {
    this.violations.push(new Violation(what));
  }

  /** Blobs of a snapshot that nobody can give any more: by this vault alone, or by all while one of them is damaged. */
  lost(snapshot: Snapshot, shelf: Shelf): readonly string[] {
    const lacking = shelf.lacks(snapshot);
    if (lacking.length === 0 || this.damaged === undefined) return lacking;
    const anywhere = lacking.filter(
      (blob) => !this.library.packsWith(blob).some((pack) => this.shelves.some((one) => one.packs.get(pack) === true)),
    );
    // what only the damaged vault ever had is gone with it: that is what replicas are for
    const alone = !this.shelves.some((other) => other !== shelf && other.snapshots.has(snapshot.id));
    return alone ? anywhere.filter((blob) => !this.#spoiled.has(blob)) : anywhere;
  }

  /** Everything that the sources held at some moment from `from` to `to` is in the snapshot, and nothing else. */
  checkContent(snapshot: Snapshot, from: number, to: number): void {
    const origin = this.#scene.origins.get(snapshot.source);
    const tome = this.library.tome(snapshot.root);
    if (!origin || !tome) {
      this.accuse(`snapshot ${snapshot.id} has no content`);
      return;
    }
    const stamps = (snapshot.details.stamps ?? {}) as Record<string, number>;
    for (const [path, text] of tome.files) {
      if (origin.text(path, stamps[path] ?? -1) !== text)
        this.accuse(`snapshot ${snapshot.id} holds for ${path} what was never there`);
    }
    const pinned = snapshot.revision === undefined ? undefined : origin.revisions.get(snapshot.revision);
    const flawed = new Set(snapshot.problems.map(({ path }) => path));
    for (const path of new Set([...origin.history.keys(), ...(pinned?.keys() ?? [])])) {
      if (flawed.has(path)) continue;
      const taken = tome.files.has(path) ? stamps[path] : undefined;
      const right = pinned ? pinned.get(path) === taken : wasSo(origin.history.get(path) ?? [], taken, from, to);
      if (!right)
        this.accuse(`snapshot ${snapshot.id} has ${path} in a state (${taken ?? 'absent'}) that it did not have then`);
    }
  }

  /** Every snapshot of every vault can be read, now. */
  checkAll(when: string): void {
    for (const shelf of this.shelves) this.#stillThere(shelf, when);
  }

  #appeared(shelf: Shelf, id: string, known: Snapshot | undefined, replaced: boolean): void {
    const snapshot = shelf.snapshots.get(id);
    if (!snapshot) {
      this.accuse(`what was committed as ${id} is no snapshot`);
      return;
    }
    if (replaced && known && JSON.stringify(known) !== JSON.stringify(snapshot)) {
      this.accuse(`snapshot ${id} in vault-${shelf.vault} was replaced by another`);
      return;
    }
    if (replaced) return;
    this.#readable(snapshot, shelf, 'it was committed');
    const elsewhere = this.shelves.find((other) => other !== shelf && other.snapshots.has(id));
    if (elsewhere) {
      if (JSON.stringify(elsewhere.snapshots.get(id)) !== JSON.stringify(snapshot))
        this.accuse(`snapshot ${id} is not the same in vault-${shelf.vault} and vault-${elsewhere.vault}`);
      return;
    }
    if (shelf.vault === 0) this.checkContent(snapshot, Date.parse(snapshot.time) - this.#scene.skew, this.#scene.now());
  }

  #went(shelf: Shelf, gone: Snapshot, good: boolean, by: number): void {
    const { now, policy, skew, container } = this.#scene;
    const where = `snapshot ${gone.id} was deleted in vault-${shelf.vault}`;
    const doer = container(by);
    const hold = shelf.holds.get(gone.id);
    if (hold && hold.since < (doer?.looked(layout.holds) ?? 0)) this.accuse(`${where} although it is held`);
    for (const lease of shelf.leases.values()) {
      if (lease.snapshot !== gone.id || lease.since >= (doer?.looked(layout.leases) ?? 0)) continue;
      if (lease.expires > now() + skew) this.accuse(`${where} although a ${lease.what} relies on it`);
    }
    const moments = shelf.momentsOf(gone, doer?.looked(layout.sightings));
    const reason = whyItMustStay(gone, good, moments, shelf, policy, now(), skew);
    if (reason === undefined) this.expired.add(`${gone.id} in ${shelf.vault}`);
    else this.accuse(`${where}: ${reason}`);
  }

  #readable(snapshot: Snapshot, shelf: Shelf, when: string): void {
    const lost = this.lost(snapshot, shelf);
    if (lost.length === 0) return;
    this.accuse(`snapshot ${snapshot.id} in vault-${shelf.vault} lacks ${lost.length} blobs when ${when}`);
  }

  /** Who calls a snapshot complete has looked: packs that were gone before are missed. */
  #complete(snapshot: Snapshot, shelf: Shelf, by: number): void {
    this.#readable(snapshot, shelf, 'it was called complete');
    const began = this.#scene.container(by)?.started ?? 0;
    if (this.damaged !== undefined && this.damaged < began && shelf.misses(snapshot).length > 0)
      this.accuse(`snapshot ${snapshot.id} in vault-${shelf.vault} was called complete although its packs are gone`);
  }

  #stillThere(shelf: Shelf, when: string): void {
    for (const snapshot of shelf.snapshots.values()) this.#readable(snapshot, shelf, when);
  }

  #spoil(shelf: Shelf, key: string): void {
    this.damaged = this.#scene.now();
    if (key.startsWith('packs/')) {
      for (const blob of this.library.blobsIn(key.slice(key.lastIndexOf('/') + 1))) this.#spoiled.add(blob);
    }
    if (key.startsWith('index/')) {
      const told = shelf.segments.get(key.slice('index/'.length));
      for (const blob of [...(told?.values() ?? [])].flat()) this.#spoiled.add(blob);
    }
  }
}

/** A path had this version, or was absent, at some moment of the time between. */
function wasSo(
  versions: readonly { number: number; from: number; until: number }[],
  taken: number | undefined,
  from: number,
  to: number,
): boolean {
  const lasting = versions.filter((version) => version.from <= to && version.until >= from);
  if (taken !== undefined) return lasting.some(({ number }) => number === taken);
  // absent: before the first, after the last, or between two
  let end = from;
  for (const version of lasting.toSorted((one, other) => one.from - other.from)) {
    if (version.from > end) return true;
    end = Math.max(end, version.until);
  }
  return end < to || lasting.length === 0 || (lasting.length > 0 && end <= to && lasting.at(-1)!.until <= to);
}
