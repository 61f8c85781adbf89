/**
 * `manifest.json`, the third file of a database snapshot: what the dump was taken of, how, and what a restored copy has to
 * hold. Rows are counted by the server inside the very snapshot that was dumped, so a count that differs is a fault.
 */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';

export const manifestVersion = 1;
export const fileNames = { dump: 'database.dump', globals: 'globals.sql', manifest: 'manifest.json' } as const;

/** A restored database carries this setting, which is no part of what it holds. */
export const markSetting = 'application_name=tidemark-restored-';

const count = z.number().int().nonnegative();
const version = z.object({ version: z.string(), major: count });

export const manifestSchema = z.object({
  format: z.literal('tidemark-postgres'),
  version: z.literal(manifestVersion),
  capturedAt: z.iso.datetime(),
  /** Every table as it was at one moment, also those that changed while the dump ran. */
  consistency: z.literal('one transaction snapshot'),
  server: version,
  tool: version,
  archive: z.string(),
  database: z.object({
    name: z.string(),
    owner: z.string(),
    /** Bytes on the server's disk. */
    bytes: count,
    encoding: z.string(),
    collate: z.string(),
    characterType: z.string(),
    /** `libc`, `icu`, `builtin`; before PostgreSQL 15 there was only the first. */
    localeProvider: z.string(),
    locale: z.string().optional(),
    comment: z.string().optional(),
    connectionLimit: z.number().int(),
    /** Settings of the database, or of one role in it: `search_path=...`. */
    settings: z.array(z.object({ role: z.string().optional(), setting: z.string() })),
    /** `grantee` is left out for everybody. */
    rights: z.array(z.object({ grantee: z.string().optional(), right: z.string(), grantable: z.boolean() })),
    byteaOutput: z.string(),
  }),
  extensions: z.array(z.object({ name: z.string(), version: z.string(), schema: z.string() })),
  /** Roles that own something in the database or are named in a right. */
  roles: z.array(z.string()),
  rolePasswords: z.enum(['included', 'left out']),
  tablespaces: z.array(z.string()),
  tables: z.array(
    z.object({
      schema: z.string(),
      name: z.string(),
      rows: count,
      bytes: count,
      /** Who counted: the server, or we in the dump, for tables that are too large to be read twice. */
      counted: z.enum(['server', 'dump']),
    }),
  ),
  /** What the programs had to say although they ended well. */
  warnings: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type DatabaseFacts = Manifest['database'];

export function encodeManifest(manifest: Manifest): Buffer {
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}

/** Errors: `VaultFormatUnknown`, `VaultDamaged`. */
export function decodeManifest(bytes: Buffer): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    return fail('VaultDamaged', `${fileNames.manifest} of the snapshot is not JSON`, { cause });
  }
  const found = (value as { version?: unknown } | null)?.version;
  if (found !== manifestVersion) {
    fail(
      'VaultFormatUnknown',
      `${fileNames.manifest} has version ${JSON.stringify(found)}, known is ${manifestVersion}`,
    );
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  return fail('VaultDamaged', `${fileNames.manifest} of the snapshot lacks something`, { cause: parsed.error });
}
