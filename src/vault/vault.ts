/**
 * A vault on an object store: opens it, and hands out its parts. Holds the index in memory and brings it up to date
 * whenever a writer or reader is asked for.
 */
import * as z from 'zod';
import { unwrapMasterKey, wrapMasterKey } from '../codec/seal.ts';
import { fail, isTidemarkError } from '../core/errors.ts';
import { canonicalJson } from '../core/json.ts';
import type { Random } from '../core/random.ts';
import { layout } from '../format/layout.ts';
import { defaultSizes, type VaultConfig, vaultConfigSchema, vaultVersion } from '../format/vault.ts';
import type { ObjectStore } from '../storage/port.ts';
import type { BlobIndex } from './blob-index.ts';
import { createCipher, type VaultCipher } from './cipher.ts';
import { IndexLoader } from './index-loader.ts';
import { BlobReader } from './reader.ts';
import { Fossils } from './records/fossils.ts';
import { Leases } from './records/leases.ts';
import { VaultObjects } from './records/objects.ts';
import { Snapshots } from './records/snapshots.ts';
import { storedFrames } from './stored-frames.ts';
import { BlobWriter } from './writer.ts';

export interface VaultSecrets {
  readonly random: Random;
  /** Needed for a vault that is sealed with one. */
  readonly passphrase?: string | undefined;
}

/** See `Vault.keys`. */
export interface VaultKeys {
  readonly config: VaultConfig;
  readonly master: Uint8Array | undefined;
}

export class Vault {
  readonly store: ObjectStore;
  readonly config: VaultConfig;
  readonly cipher: VaultCipher;
  readonly objects: VaultObjects;
  readonly snapshots: Snapshots;
  readonly leases: Leases;
  readonly fossils: Fossils;
  readonly #loader: IndexLoader;
  readonly #random: Random;
  readonly #master: Uint8Array | undefined;

  private constructor(store: ObjectStore, config: VaultConfig, master: Uint8Array | undefined, random: Random) {
    const cipher = createCipher(config, master, random);
    this.#random = random;
    this.#master = master;
    this.store = store;
    this.config = config;
    this.cipher = cipher;
    this.objects = new VaultObjects(store, cipher);
    this.snapshots = new Snapshots(this.objects);
    this.leases = new Leases(this.objects);
    this.fossils = new Fossils(this.objects);
    this.#loader = new IndexLoader(store, cipher, this.fossils);
  }

  /** Errors: `VaultMissing`, `VaultFormatUnknown`, `VaultKeyWrong`. */
  static async open(store: ObjectStore, secrets: VaultSecrets): Promise<Vault> {
    const config = await readConfig(store);
    let master: Buffer | undefined;
    if (config.sealing.kind === 'passphrase') {
      if (secrets.passphrase === undefined) {
        fail('VaultKeyWrong', `the vault ${store.name} is sealed and no passphrase was given`, {
          hint: 'Set TIDEMARK_PASSPHRASE.',
        });
      }
      master = await unwrapMasterKey(config.sealing.key, secrets.passphrase, secrets.random);
    }
    return new Vault(store, config, master, secrets.random);
  }

  /** Makes a new vault. Two that try at once end with one vault, and both may open it. */
  static async create(
    store: ObjectStore,
    sealing: 'none' | 'passphrase',
    now: Date,
    secrets: VaultSecrets,
  ): Promise<void> {
    const config: VaultConfig = {
      format: 'tidemark-vault',
      version: vaultVersion,
      id: secrets.random.bytes(16).toString('hex'),
      created: now.toISOString(),
      ...structuredClone(defaultSizes),
      sealing: { kind: 'none' },
    };
    if (sealing === 'passphrase') {
      const passphrase =
        secrets.passphrase ??
        fail('VaultKeyWrong', 'the plan asks for sealing and no passphrase was given', {
          hint: 'Set TIDEMARK_PASSPHRASE.',
        });
      const key = await wrapMasterKey(secrets.random.bytes(32), passphrase, secrets.random);
      config.sealing = { kind: 'passphrase', key };
    }
    await createConfig(store, config);
  }

  /** Makes `store` a replica of this vault: same id, same keys, so that packs are copied as they are. */
  async createReplica(store: ObjectStore): Promise<void> {
    await createConfig(store, this.config);
  }

  /** The index, up to date with the store. The object stays the same as long as nothing was collected. */
  async index(): Promise<BlobIndex> {
    return this.#loader.refresh();
  }

  async reader(): Promise<BlobReader> {
    return this.readerOf(await this.index());
  }

  /** A reader of what `index` tells of, without looking for news; `cache`: bytes of expanded frames that it keeps. */
  readerOf(index: BlobIndex, cache?: number): BlobReader {
    return new BlobReader(index, storedFrames(this.store, index, this.cipher), this.cipher, cache);
  }

  /** What a worker of this process needs to make the same cipher. It holds the master key: never store it or send it away. */
  keys(): VaultKeys {
    return { config: this.config, master: this.#master };
  }

  /** Take a writer lease first: see `Fossils` for why the order matters. */
  async writer(): Promise<BlobWriter> {
    return this.writerOver(await this.index());
  }

  /** A writer that knows what `index` tells of, without looking for news. */
  writerOver(index: BlobIndex): BlobWriter {
    return new BlobWriter(this.store, this.cipher, this.config, index, this.#random);
  }
}

/** `undefined` when there is no vault at this place. Errors: `VaultFormatUnknown`, `VaultDamaged`. */
export async function vaultAt(store: ObjectStore): Promise<VaultConfig | undefined> {
  try {
    return await readConfig(store);
  } catch (error) {
    if (isTidemarkError(error, 'VaultMissing')) return undefined;
    throw error;
  }
}

async function readConfig(store: ObjectStore): Promise<VaultConfig> {
  let stored: Buffer;
  try {
    stored = await store.get(layout.vault);
  } catch (cause) {
    if (!isTidemarkError(cause, 'ObjectMissing')) throw cause;
    return fail('VaultMissing', `there is no vault at ${store.name}`, {
      hint: 'Check the place in the plan; if it is a mount, check that it is mounted. The first backup makes a new vault.',
      cause,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(stored.toString('utf8'));
  } catch (cause) {
    return fail('VaultDamaged', `${layout.vault} in ${store.name} is not JSON`, {
      hint: 'Copy vault.json from a replica; it is the same there.',
      cause,
    });
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > vaultVersion) {
    fail(
      'VaultFormatUnknown',
      `the vault ${store.name} has format version ${version}; this Tidemark knows ${vaultVersion}`,
      {
        hint: 'Use the version of Tidemark that wrote it, or a newer one.',
        context: { version },
      },
    );
  }
  const parsed = vaultConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  return fail(
    'VaultDamaged',
    `${layout.vault} in ${store.name} is not what it should be: ${z.prettifyError(parsed.error)}`,
    {
      hint: 'Copy vault.json from a replica; it is the same there.',
    },
  );
}

async function createConfig(store: ObjectStore, config: VaultConfig): Promise<void> {
  if (!store.capabilities.conditionalCreate) {
    fail(
      'StoreLawBroken',
      `${store.name} cannot create an object only if it is absent, so snapshots could be lost there`,
      {
        hint: 'Keep the vault on a store that can.',
      },
    );
  }
  try {
    await store.put(layout.vault, Buffer.from(canonicalJson(config)), { ifAbsent: true });
  } catch (error) {
    if (!isTidemarkError(error, 'ObjectExists')) throw error;
  }
}
