/** `vault.json`: what somebody needs to know to read a vault. Plain JSON also in a sealed vault. Format version 1. */
import * as z from 'zod';

export const vaultVersion = 1;

const bytes = z.number().int().positive();

export const vaultConfigSchema = z.object({
  format: z.literal('tidemark-vault'),
  version: z.literal(vaultVersion),
  /** The same in a vault and its replicas. */
  id: z.string(),
  created: z.iso.datetime(),
  chunk: z
    .object({ minimum: bytes, average: bytes, maximum: bytes })
    .refine(
      ({ minimum, average, maximum }) =>
        minimum <= average && average <= maximum && Number.isInteger(Math.log2(average)),
      {
        message: 'chunk sizes must rise, and the average be a power of two',
      },
    ),
  /** Plain bytes of a frame, about; stored bytes of a pack, about. */
  frame: bytes,
  pack: bytes,
  sealing: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('none') }),
    z.object({
      kind: z.literal('passphrase'),
      key: z.object({
        kdf: z.literal('scrypt'),
        n: bytes,
        r: bytes,
        p: bytes,
        salt: z.string(),
        wrapped: z.string(),
      }),
    }),
  ]),
});
export type VaultConfig = z.infer<typeof vaultConfigSchema>;

export const defaultSizes = {
  chunk: { minimum: 4 * 1024, average: 16 * 1024, maximum: 64 * 1024 },
  frame: 4 * 1024 * 1024,
  pack: 32 * 1024 * 1024,
} as const;
