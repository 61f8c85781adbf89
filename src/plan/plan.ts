/**
 * The typed plan: what `parsePlan` makes of `backup-plan.yml`, and what everything else goes by. Defaults are filled in and
 * overrides applied, so nobody downstream has to know which of the two a value came from.
 */
import type { Cadences } from './cadence/every.ts';
import type { Duration } from './calendar/duration.ts';
import type { Retention } from './retention/policy.ts';

export type { Cadences, Every } from './cadence/every.ts';
export type { Duration, DurationUnit } from './calendar/duration.ts';
export type { Retention, Tier } from './retention/policy.ts';

export interface Plan {
  /** Its name; what is deployed is named after it. */
  readonly plan: string;
  /** IANA name. Days, weeks, months and years begin, and daily, weekly and monthly backups are due, by its calendar. */
  readonly timeZone: string;
  readonly vault: {
    readonly primary: Destination;
    readonly replicas: readonly Destination[];
    readonly sealing: Sealing;
  };
  readonly sources: readonly SourcePlan[];
  /** The plan's own policy; a source's `retention` already has it worked in. */
  readonly retention: Retention;
  /** Where alerts go besides the log. The webhook's URL may hold a secret: never log it. */
  readonly alerts: { readonly topic?: string; readonly webhook?: string };
  /** SHA-256 of the plan's canonical form, without passwords. */
  readonly hash: string;
}

export type Sealing = 'none' | 'passphrase';

/** `directory` is absolute; `prefix` has neither a leading nor a trailing slash. */
export type Destination =
  | { readonly directory: string }
  | {
      readonly s3: {
        readonly bucket: string;
        readonly region: string;
        readonly prefix?: string;
        readonly endpoint?: string;
      };
    };

export type SourcePlan = SourceBase & (FilesSource | PostgresSource | GitSource | RdsSource);

export interface SourceBase {
  readonly id: string;
  readonly cadences: Cadences;
  readonly retention: Retention;
  /** Events that ask for a `change` snapshot, as `event source:detail type`: `aws.ssm:Parameter Store Change`. */
  readonly on: readonly string[];
}

export interface FilesSource {
  readonly kind: 'files';
  /** Absolute. */
  readonly path: string;
  readonly exclude: readonly string[];
  /** An empty directory is no reason for suspicion. */
  readonly allowEmpty: boolean;
}

export interface PostgresSource {
  readonly kind: 'postgres';
  /** `logical`: one database, dumped. `physical`: the whole server, base backups over a replication connection. */
  readonly method: 'logical' | 'physical';
  /** A URL, which may hold a password: never log it. Or the name of a secret that holds the URL. */
  readonly connection: string | { readonly secret: string };
  /** Physical: whether the server begins a backup at once (`fast`, the default) or gently. */
  readonly checkpoint?: 'fast' | 'spread';
  /** Physical: bytes that the server sends in a second at the most. */
  readonly maxRate?: number;
  /** For how long back every second can be restored, where the log is saved too. */
  readonly pointInTime?: Duration;
}

export interface GitSource {
  readonly kind: 'git';
  /** An absolute path or an https URL, which may hold a token: never log it. */
  readonly repository: string;
  readonly ref: string;
}

export interface RdsSource {
  readonly kind: 'rds';
  /** One database by its identifier, or all that have this tag. */
  readonly databases:
    | { readonly instance: string }
    | { readonly cluster: string }
    | { readonly tag: { readonly key: string; readonly value: string } };
  /** Where they are. */
  readonly region: string;
  /** Where copies of their snapshots go, each under a key of that region. */
  readonly copies: readonly RdsCopy[];
  /** Snapshots are exported as Parquet too. */
  readonly export?: RdsExport;
  /** Something that speaks RDS and is not AWS. */
  readonly endpoint?: string;
}

export interface RdsCopy {
  readonly region: string;
  /** ARN of the KMS key that the copy is encrypted with. */
  readonly key: string;
  /** Days for which the automated backups are replicated there too, for point-in-time recovery. */
  readonly pointInTimeDays?: number;
}

export interface RdsExport {
  readonly bucket: string;
  readonly prefix: string;
  readonly role: string;
  readonly key: string;
}
