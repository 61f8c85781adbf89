/** The vaults of a plan: number 0 is the primary, the others are its replicas in the order of the plan. */
import type { Clock } from '../core/clock.ts';
import { fail, isTidemarkError } from '../core/errors.ts';
import { layout } from '../format/layout.ts';
import type { ObjectStore } from '../storage/port.ts';
import { Vault, type VaultSecrets, vaultAt } from '../vault/vault.ts';

export interface Vaults {
  readonly count: number;
  /** For people: where a vault is. */
  place(vault: number): string;
  /** Opened once and kept. Errors: `VaultMissing`, `VaultFormatUnknown`, `VaultKeyWrong`. */
  open(vault: number): Promise<Vault>;
  /** Makes the primary when nothing is there yet, and refuses when something ought to be. */
  prepare(): Promise<Vault>;
  /** Opens a replica and makes it when nothing is there yet. Errors: `VaultMissing` when another vault is in its place. */
  openReplica(vault: number): Promise<Vault>;
}

export function createVaults(
  stores: readonly ObjectStore[],
  sealing: 'none' | 'passphrase',
  clock: Clock,
  secrets: VaultSecrets,
): Vaults {
  const opened = new Map<number, Promise<Vault>>();
  const store = (vault: number): ObjectStore =>
    stores[vault] ??
    fail('InputInvalid', `there is no vault ${vault}; the plan has ${stores.length}`, {
      hint: `Use a number from 0 (the primary) to ${stores.length - 1}.`,
    });
  const open = (vault: number): Promise<Vault> => {
    const known = opened.get(vault);
    if (known) return known;
    const opening = Vault.open(store(vault), secrets).then((found) => refuseUnsealed(found, sealing));
    opened.set(vault, opening);
    opening.catch(() => opened.delete(vault));
    return opening;
  };

  return {
    count: stores.length,
    place: (vault) => store(vault).name,
    open,
    async prepare() {
      const primary = store(0);
      if ((await vaultAt(primary)) === undefined) {
        await refuseToReplace(primary, stores.slice(1));
        await Vault.create(primary, sealing, clock.now(), secrets);
      }
      return open(0);
    },
    async openReplica(vault) {
      const primary = await open(0);
      const there = await vaultAt(store(vault));
      if (there === undefined) await primary.createReplica(store(vault));
      else if (there.id !== primary.config.id) {
        fail(
          'VaultMissing',
          `${store(vault).name} holds another vault than ${primary.store.name}, so it cannot be its replica`,
          {
            hint: 'Give the replica a place of its own.',
            context: { primary: primary.config.id, replica: there.id },
          },
        );
      }
      return open(vault);
    },
  };
}

/**
 * An empty place is where a first vault goes, or a mount that is missing. If a replica already holds snapshots, it is the
 * latter: to start anew there would bury the loss.
 */
async function refuseToReplace(primary: ObjectStore, replicas: readonly ObjectStore[]): Promise<void> {
  for await (const object of primary.list(layout.snapshots())) {
    fail('VaultMissing', `${primary.name} holds snapshots (${object.key}) but no ${layout.vault}`, {
      hint: `Copy ${layout.vault} from a replica; it is the same there.`,
    });
  }
  for (const replica of replicas) {
    let known: Awaited<ReturnType<typeof vaultAt>>;
    try {
      known = await vaultAt(replica);
    } catch (error) {
      if (isTidemarkError(error)) continue; // a replica that cannot be asked proves nothing
      throw error;
    }
    if (known === undefined) continue;
    for await (const _ of replica.list(layout.snapshots())) {
      fail('VaultMissing', `the vault ${primary.name} is gone, but its replica ${replica.name} has snapshots of it`, {
        hint: 'If it is a mount, mount it. If it is lost, restore from the replica, or copy the replica to its place.',
        context: { replica: known.id },
      });
    }
  }
}

/** Whoever can write to the store could take the sealing out of `vault.json`; new snapshots would then be stored in the clear. */
function refuseUnsealed(vault: Vault, sealing: 'none' | 'passphrase'): Vault {
  if (sealing === 'none' || vault.config.sealing.kind !== 'none') return vault;
  return fail('VaultKeyWrong', `the plan asks for a sealed vault, and ${vault.store.name} is not sealed`, {
    hint: 'If it never was, take `sealing` out of the plan or start a new vault. If it was, somebody changed vault.json: copy it from a replica.',
  });
}
