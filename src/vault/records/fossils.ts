/**
 * Collection in two steps and without locks. A pack that nothing reaches becomes a *fossil*: a record names it. Writers
 * that start from then on see the record and rely on none of its packs. It is deleted only when every writer that could
 * have started before the record has ended, and only if still nothing reaches it; else it is revived.
 *
 * Why nothing that is needed can go:
 * - A writer takes its lease, then reads the records. The marker writes its record, then lists the leases and adds them to
 *   the record. So a writer either is in the record or has seen it.
 * - The collector waits until the writers in the record have no lease any more, then lists the snapshots. What those
 *   writers committed is in that list, so the packs they rely on are reached and revived.
 * - A writer that slept past its lease may not commit (`Leases.demand`); `patience` covers the moment between that
 *   look and the commit.
 * - Once nobody who could rely on a marked pack is at work and nothing needs it, that stays so for as long as its record
 *   stands: a collector may decide now and delete at any later time.
 */
import * as z from 'zod';
import { isTidemarkError } from '../../core/errors.ts';
import { layout } from '../../format/layout.ts';
import type { VaultObjects } from './objects.ts';

const fossilSchema = z.object({
  id: z.string(),
  marked: z.iso.datetime(),
  packs: z.array(z.object({ id: z.string(), size: z.number() })),
  /** Leases that stood when the record was already visible. Absent while that is not yet known. */
  writers: z.array(z.string()).optional(),
});
export type Fossil = z.infer<typeof fossilSchema>;

export class Fossils {
  readonly #objects: VaultObjects;

  constructor(objects: VaultObjects) {
    this.#objects = objects;
  }

  /** Those that can be read. */
  async list(): Promise<Fossil[]> {
    return (await this.look()).fossils;
  }

  /**
   * A record that cannot be read keeps nobody from reading a vault. Nothing is collected by it; but a writer cannot know
   * what is in it, and so relies on no pack at all until the next prune has written what it knows anew.
   */
  async look(): Promise<{ fossils: Fossil[]; unreadable: string[] }> {
    const fossils: Fossil[] = [];
    const unreadable: string[] = [];
    for (const key of await this.#objects.keys(layout.fossils)) {
      try {
        const fossil = await this.#objects.readIfThere(key, fossilSchema);
        if (fossil) fossils.push(fossil);
      } catch (error) {
        if (!isTidemarkError(error, 'VaultDamaged')) throw error;
        unreadable.push(key);
      }
    }
    return { fossils, unreadable };
  }

  async write(fossil: Fossil): Promise<void> {
    await this.#objects.write(layout.fossil(fossil.id), fossilSchema.parse(fossil));
  }

  async delete(id: string): Promise<void> {
    await this.#objects.store.delete([layout.fossil(id)]);
  }
}
