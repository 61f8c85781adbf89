/**
 * The snapshot that justifies a deletion, looked at again in the vault where it happens, right before: it has to be there, good,
 * verified, and its packs in the store. And nothing may have come since that speaks against it.
 */
import { isTidemarkError } from '../../core/errors.ts';
import type { Snapshot } from '../../format/snapshot.ts';
import { candidateOf } from '../../plan/index.ts';
import { examine } from '../../vault/needs.ts';
import { strongest } from '../../vault/records/snapshots.ts';
import type { Vault } from '../../vault/vault.ts';
import type { PrunePlan } from './prune-plan.ts';

export class Witnesses {
  readonly #vault: Vault;
  readonly #plan: PrunePlan;
  /** One look for each, as many deletions rest on the same one. */
  readonly #against = new Map<string, Promise<string | undefined>>();

  constructor(vault: Vault, plan: PrunePlan) {
    this.#vault = vault;
    this.#plan = plan;
  }

  /** What speaks against a deletion that rests on `newerGood`; `undefined` when nothing does. */
  async against(newerGood: string, source: string): Promise<string | undefined> {
    return (
      (await this.#once(newerGood, () => this.#weak(newerGood))) ??
      this.#once(`of ${source}`, () => this.#newcomer(source))
    );
  }

  #once(key: string, look: () => Promise<string | undefined>): Promise<string | undefined> {
    const known = this.#against.get(key) ?? look();
    this.#against.set(key, known);
    return known;
  }

  async #weak(id: string): Promise<string | undefined> {
    const snapshot = await this.#vault.snapshots.find(id);
    if (!snapshot) return `${id}, which would stay in its place, is not there any more`;
    const flaw = await this.#flawOf(snapshot);
    if (flaw !== undefined) return `${id}, which would stay in its place, is not good any more: ${flaw}`;
    try {
      const { findings } = await examine(this.#vault, snapshot);
      const [first] = findings;
      return first && `${id}, which would stay in its place, lacks ${first.object}: ${first.detail}`;
    } catch (error) {
      if (!isTidemarkError(error, 'VaultDamaged')) throw error;
      return `${id}, which would stay in its place, is not whole: ${error.message}`;
    }
  }

  /** A snapshot that came after the plan was made, and is not good: an emptied or encrypted source, say. */
  async #newcomer(source: string): Promise<string | undefined> {
    const known = new Set([...this.#plan.keep, ...this.#plan.delete].map(({ id }) => id));
    for (const snapshot of await this.#vault.snapshots.list(source)) {
      if (known.has(snapshot.id)) continue;
      const flaw = await this.#flawOf(snapshot);
      if (flaw !== undefined) return `${snapshot.id} came since, and is ${flaw}`;
    }
    return undefined;
  }

  async #flawOf(snapshot: Snapshot): Promise<string | undefined> {
    const { snapshots } = this.#vault;
    const accepted = snapshot.suspicion !== undefined && !(await snapshots.isSuspicious(snapshot));
    return candidateOf(snapshot, { trust: strongest(await snapshots.trustOf(snapshot.id)), held: false, accepted })
      .flaw;
  }
}
