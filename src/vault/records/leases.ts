/**
 * Leases: who is at work in a vault. A *writer* lease says that packs are being stored that no snapshot names yet; a
 * *restore* lease says that a snapshot is being read. Collection and prune look at them; a writer whose lease has run out
 * may not commit, as what it relied on may be gone (it is fenced).
 */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import { idInKey, layout } from '../../format/layout.ts';
import type { VaultObjects } from './objects.ts';

const leaseSchema = z.object({
  what: z.enum(['writer', 'restore']),
  /** The run, restore or drill that holds it. */
  by: z.string(),
  source: z.string(),
  /** What a restore reads, or what a writer takes unchanged parts over from: prune leaves it alone. */
  snapshot: z.string().optional(),
  started: z.iso.datetime(),
  expires: z.iso.datetime(),
});
export type Lease = z.infer<typeof leaseSchema>;

export class Leases {
  readonly #objects: VaultObjects;

  constructor(objects: VaultObjects) {
    this.#objects = objects;
  }

  /** Taking it again leaves the first one standing: a repeated trigger does not make a lease longer. */
  async take(name: string, lease: Lease): Promise<void> {
    await this.#objects.create(layout.lease(name), leaseSchema.parse(lease));
  }

  async end(name: string): Promise<void> {
    await this.#objects.store.delete([layout.lease(name)]);
  }

  /** Errors: `WriterFenced`. */
  async demand(name: string, now: Date): Promise<void> {
    const lease = await this.#objects.readIfThere(layout.lease(name), leaseSchema);
    if (lease && new Date(lease.expires) > now) return;
    fail('WriterFenced', `the writer ${name} has no valid lease any more`, {
      hint: 'Start the backup again; what it stored already is found and not stored twice.',
      context: { lease: name, expired: lease?.expires },
    });
  }

  async list(): Promise<Map<string, Lease>> {
    const leases = new Map<string, Lease>();
    for (const key of await this.#objects.keys(layout.leases)) {
      const lease = await this.#objects.readIfThere(key, leaseSchema);
      if (lease) leases.set(idInKey(key), lease);
    }
    return leases;
  }
}
