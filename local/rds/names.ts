/** Identifiers and ARNs: what is a name, and what a name becomes. */
import { invalidValue } from './wire/refusal.ts';

/**
 * "Must contain from 1 to N letters, numbers, or hyphens. First character must be a letter. Can't end with a hyphen or
 * contain two consecutive hyphens"; stored in lower case. N is 255 for a snapshot of an instance, and 63 for instances,
 * clusters and their snapshots: CreateDBSnapshot, CreateDBClusterSnapshot, CreateDBInstance in
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
 */
export function identifier(parameter: string, text: string, longest = 63): string {
  const name = text.toLowerCase();
  if (name.length > longest || !/^[a-z](-?[a-z0-9])*$/.test(name)) {
    invalidValue(
      `The parameter ${parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.`,
    );
  }
  return name;
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.ARN.html */
export type ArnKind =
  | 'db'
  | 'cluster'
  | 'snapshot'
  | 'cluster-snapshot'
  | 'auto-backup'
  | 'cluster-auto-backup'
  | 'og'
  | 'pg'
  | 'cluster-pg'
  | 'subgrp';

export interface Arn {
  readonly region: string;
  readonly account: string;
  readonly kind: string;
  readonly name: string;
}

export function arn(region: string, account: string, kind: ArnKind, name: string): string {
  return `arn:aws:rds:${region}:${account}:${kind}:${name}`;
}

/** Undefined for what is no ARN of this service. A name may hold colons (`rds:db1-2026-11-24-03-05`). */
export function parseArn(text: string): Arn | undefined {
  const found = /^arn:aws[\w-]*:rds:([\w-]+):(\d{12}):([\w-]+):(.+)$/.exec(text);
  if (found === null) return undefined;
  const [, region = '', account = '', kind = '', name = ''] = found;
  return { region, account, kind, name: name.toLowerCase() };
}
