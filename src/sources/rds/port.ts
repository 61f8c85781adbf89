/**
 * RDS and Aurora as Tidemark sees them: databases, their manual snapshots, and what their service knows of them, in one
 * region. Laws: a listing is whole or fails (an answer that was throttled is never "no"); `find` tells "not there" from "not
 * known"; a request that was taken is not yet done: only `status` says so; nothing waits here, whoever asks asks again.
 */
import type { Json } from '../../core/json.ts';

/** An instance that stands alone, or a cluster (Aurora, Multi-AZ) with its members. */
export type DatabaseKind = 'instance' | 'cluster';
export const databaseKinds: readonly DatabaseKind[] = ['instance', 'cluster'];

export type Tags = Readonly<Record<string, string>>;

export interface Database {
  readonly kind: DatabaseKind;
  readonly id: string;
  readonly arn: string;
  /** Stays when the database is renamed. */
  readonly resource: string;
  readonly region: string;
  readonly status: string;
  readonly engine: string;
  readonly version: string;
  readonly created: Date | undefined;
  readonly encrypted: boolean;
  /** ARN of its KMS key. */
  readonly key: string | undefined;
  readonly tags: Tags;
  /** Days for which RDS keeps its own backups; 0 is never. */
  readonly backupDays: number;
  readonly latestRestorable: Date | undefined;
  readonly earliestRestorable: Date | undefined;
  /** Identifiers of a cluster's instances, the writer first. */
  readonly members: readonly string[];
  /** All that the service says of it, under the service's own words. */
  readonly about: Readonly<Record<string, Json>>;
}

export interface DatabaseSnapshot {
  readonly kind: DatabaseKind;
  readonly id: string;
  readonly arn: string;
  readonly region: string;
  /** The database that it was taken of. */
  readonly database: string;
  /** `available`, `creating`, `copying`, or something else that is no good. */
  readonly status: string;
  /** 0 to 100. */
  readonly progress: number | undefined;
  /** When the original was made, where the service says so; a copy's own time is no substitute. */
  readonly originalTime: Date | undefined;
  /** When this one was made; not known while it is being made. */
  readonly time: Date | undefined;
  /** ARN of what it was copied from; undefined for an original. */
  readonly copiedFrom: string | undefined;
  readonly encrypted: boolean;
  readonly key: string | undefined;
  readonly tags: Tags;
  readonly about: Readonly<Record<string, Json>>;
}

export interface Quota {
  readonly used: number;
  readonly most: number;
}

/** Where point-in-time recovery reaches, from backups that the service itself keeps. */
export interface AutomatedBackup {
  readonly kind: DatabaseKind;
  readonly arn: string;
  readonly database: string;
  readonly databaseArn: string;
  readonly region: string;
  readonly status: string;
  readonly earliest: Date | undefined;
  readonly latest: Date | undefined;
  readonly key: string | undefined;
  readonly days: number;
}

export interface ExportTask {
  readonly id: string;
  readonly status: string;
  readonly progress: number | undefined;
  readonly failure: string | undefined;
  readonly warning: string | undefined;
  readonly place: string;
}

/** What a database is made anew from. */
export type RestoreFrom =
  | { readonly snapshot: string }
  | { readonly database: string; readonly at: Date | 'latest' }
  /** ARN of automated backups, replicated ones too. */
  | { readonly backup: string; readonly at: Date | 'latest' };

/** What a restore would forget: each is given again under the name that the service's request has for it. */
export type RestoreSettings = Readonly<Record<string, Json>>;

/** Errors of every method: `DatabaseUnreachable`, `DatabaseThrottled`, `DatabaseRefused` for rights. */
export interface RdsRegion {
  readonly region: string;
  /** Every instance that is no cluster's member, and every cluster. */
  databases(): Promise<readonly Database[]>;
  findDatabase(kind: DatabaseKind, id: string): Promise<Database | undefined>;
  /** A cluster's member, under the service's own words. */
  findInstance(id: string): Promise<Database | undefined>;
  /** Every manual snapshot of the account in this region, whoever made it. */
  snapshots(kind: DatabaseKind): Promise<readonly DatabaseSnapshot[]>;
  findSnapshot(kind: DatabaseKind, id: string): Promise<DatabaseSnapshot | undefined>;
  /** Manual snapshots of each kind that the account may have here. */
  quotas(): Promise<Readonly<Record<DatabaseKind, Quota | undefined>>>;
  /** Errors: `SnapshotExists`-like outcomes are words, not errors, as whoever asks has to act on them. */
  take(database: Pick<Database, 'kind' | 'id'>, id: string, tags: Tags): Promise<Taken>;
  /** To be called in the region where the copy shall be. */
  copy(original: DatabaseSnapshot, id: string, key: string | undefined, tags: Tags): Promise<Taken>;
  /** Returns when the service has taken the request; whether it is gone is to be looked at. */
  remove(kind: DatabaseKind, id: string): Promise<void>;
  /** Values of parameter and option groups, subnets and what else a restore needs; by file name. */
  settings(database: Database): Promise<Readonly<Record<string, Json>>>;
  automatedBackups(): Promise<readonly AutomatedBackup[]>;
  /** To be called in the region where the backups shall be replicated to. */
  replicateBackups(databaseArn: string, key: string | undefined, days: number): Promise<void>;
  exports(): Promise<readonly ExportTask[]>;
  startExport(task: {
    readonly id: string;
    readonly snapshot: string;
    readonly bucket: string;
    readonly prefix: string;
    readonly role: string;
    readonly key: string;
  }): Promise<void>;
  readonly restores: RdsRestores;
}

/** What a request to make something came to. `busy` and `copies-full` pass; the others need a person. */
export type Taken = { readonly outcome: 'started' | 'exists' } | Refusal;
export type Refusal =
  | { readonly outcome: 'busy' | 'copies-full'; readonly why: string }
  | { readonly outcome: 'quota' | 'key' | 'missing' | 'refused'; readonly why: string };

export interface RdsRestores {
  /** Errors: `TargetUnusable` for a wish that the service refuses, with its words; `KeyUnusable`, `QuotaReached`. */
  instance(id: string, from: RestoreFrom, settings: RestoreSettings, tags: Tags): Promise<void>;
  cluster(id: string, from: RestoreFrom, settings: RestoreSettings, tags: Tags): Promise<void>;
  /** An instance in a cluster. */
  member(cluster: string, id: string, settings: RestoreSettings, tags: Tags): Promise<void>;
  modify(kind: DatabaseKind, id: string, settings: RestoreSettings): Promise<void>;
  /** Versions of an engine that may be started here. */
  versions(engine: string): Promise<readonly string[]>;
  subnetGroups(): Promise<readonly string[]>;
  parameterGroups(kind: DatabaseKind): Promise<readonly string[]>;
  /** Instances or clusters that the account may have here. */
  room(): Promise<Readonly<Record<DatabaseKind, Quota | undefined>>>;
}
