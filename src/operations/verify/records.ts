/** What the parts of a verification leave for each other in the work area of the vault that they look at. */
import * as z from 'zod';
import { layout } from '../../format/layout.ts';

export const findingSchema = z.object({
  vault: z.number(),
  what: z.string(),
  object: z.string(),
  detail: z.string(),
  repaired: z.boolean(),
});
export type RepairedFinding = z.infer<typeof findingSchema>;

export const verifySchema = z.object({ verify: z.string(), readAll: z.boolean(), started: z.iso.datetime() });
export const batchSchema = z.object({ packs: z.array(z.string()) });
export const outcomeSchema = z.object({ findings: z.array(findingSchema), packs: z.number(), bytes: z.number() });
export const slotSchema = z.object({ read: z.iso.datetime() });

export const verifyKey = (verify: string): string => layout.work(verify, 'verify');
export const structureKey = (verify: string): string => layout.work(verify, 'structure');
export const packBatchKey = (verify: string, batch: number): string => layout.work(verify, `batch-${batch}`);
export const outcomeKey = (verify: string, batch: number): string => layout.work(verify, `batch-${batch}-outcome`);
export const slotsKey = (verify: string): string => layout.work(verify, 'slots');

/** Packs are read in so many parts, one or more a day, so that every byte is read within so many days. */
export const slotCount = 28;
export const slotOf = (pack: string): number => Number.parseInt(pack.slice(0, 4), 16) % slotCount;
