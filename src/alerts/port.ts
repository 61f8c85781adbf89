/**
 * How Tidemark tells people that something is wrong, or is right again. An alert names the source, what failed, the last
 * good restore point and the next action: whoever is woken by it should not have to ask anything.
 *
 * Laws of a port:
 * 1. *Delivered or thrown.* When `send` has returned, the other side has accepted the alert. Otherwise it throws
 *    `AlertUndelivered`; nothing is swallowed, and nothing waits for ever.
 * 2. *No secrets.* Passwords in URLs are masked, and an error never shows the address of a webhook beyond its host.
 */
import * as z from 'zod';

export const alertKinds = ['failure', 'capacity', 'corruption', 'access'] as const;
export type AlertKind = (typeof alertKinds)[number];

/** From quiet to loud. */
export const severities = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof severities)[number];

export const alertSchema = z.object({
  kind: z.enum(alertKinds),
  severity: z.enum(severities),
  /** Stable name of the trouble, the same each time it is seen: `backup/user-data`. */
  trouble: z.string(),
  state: z.enum(['open', 'resolved']),
  /** One short sentence: `user-data was not backed up`. */
  subject: z.string(),
  source: z.string().optional(),
  /** What failed, with the reason. */
  what: z.string(),
  /** Time of the newest good restore point, ISO 8601; `none` when there is no good one; absent where the question makes no sense. */
  lastGood: z.string().optional(),
  /** What to do next, in a sentence that starts with a verb. */
  action: z.string(),
  run: z.string().optional(),
  /** When it was seen, ISO 8601. Orders what is known of a trouble. */
  time: z.iso.datetime(),
  details: z.record(z.string(), z.string()).optional(),
});
export type Alert = Readonly<z.infer<typeof alertSchema>>;

export interface AlertPort {
  /** For people and logs: `sns:alerts`, `webhook:hooks.example.com`, `console`. */
  readonly name: string;
  /** Errors: `AlertUndelivered`. */
  send(alert: Alert): Promise<void>;
}

export function louder(one: Severity, other: Severity): boolean {
  return severities.indexOf(one) > severities.indexOf(other);
}
