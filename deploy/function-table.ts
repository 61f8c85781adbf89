/** The table `functions.yml`, read and checked: an unknown word in it is refused, as it would be a right that nobody gets. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import { databaseWords } from './database-words.ts';

/** Folders of a vault; `vault` is `vault.json`. */
const folder = z.enum([
  'vault',
  'packs',
  'index',
  'snapshots',
  'trust',
  'sightings',
  'verified',
  'watched',
  'holds',
  'leases',
  'fossils',
  'collection',
  'runs',
  'work',
  'troubles',
]);
const folders = z.array(folder);
const vaultRights = z.strictObject({
  read: folders.default([]),
  write: folders.default([]),
  remove: folders.default([]),
});
const row = z.strictObject({
  does: z.string(),
  memory: z.number().int().min(128).max(10_240),
  timeout: z.number().int().min(1).max(900),
  disk: z.number().int().min(512).max(10_240).optional(),
  /** Rights in the primary vault, in the replicas, or in both. */
  primary: vaultRights.optional(),
  replicas: vaultRights.optional(),
  vaults: vaultRights.optional(),
  /** Touches the protected thing itself: gets its secret, its network, its file system and its tools. */
  source: z.enum(['read', 'write']).optional(),
  /** What it may ask of RDS. */
  databases: z.array(z.enum(databaseWords)).default([]),
  /** May publish alerts. */
  alerts: z.boolean().default(false),
  /** May write a damaged snapshot again, from another vault. */
  repairs: z.boolean().default(false),
  /** Started by an event and not by a workflow, so nobody waits for its answer. */
  event: z.boolean().default(false),
});
export type FunctionRow = z.infer<typeof row>;
export type VaultRights = z.infer<typeof vaultRights>;

export const functionTable: Readonly<Record<string, FunctionRow>> = z
  .record(z.string(), row)
  .parse(parse(readFileSync(new URL('./functions.yml', import.meta.url), 'utf8')));

export const functionNames: readonly string[] = Object.keys(functionTable);
