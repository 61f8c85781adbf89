/**
 * What the stacks call their things, all derived from the plan, so that the two regions agree without talking to each
 * other and nobody has to edit anything but `backup-plan.yml`.
 */
import { readFileSync } from 'node:fs';
import { fail } from '../src/core/errors.ts';
import { type Destination, type Plan, parsePlan } from '../src/plan/index.ts';

export interface VaultNames {
  readonly region: string;
  readonly bucket: string;
  /** Of every key in the bucket: empty, or ending in a slash. */
  readonly prefix: string;
  readonly keyAlias: string;
}

export interface Names {
  /** Starts every name: `tidemark-<plan>`. */
  readonly prefix: string;
  readonly plan: Plan;
  /** 0 is the primary, then the replicas in plan order, as everywhere. */
  readonly vaults: readonly VaultNames[];
  /** The topic that alerts go to: one of our own by name, or one that is there already by its ARN. */
  readonly topic: { readonly name: string } | { readonly arn: string };
}

export const planFile = 'backup-plan.yml';

export function readNames(directory: string): Names {
  return namesOf(parsePlan(readFileSync(`${directory}/${planFile}`, 'utf8'), planFile));
}

export function namesOf(plan: Plan): Names {
  const prefix = `tidemark-${plan.plan}`;
  if (!/^[a-z0-9][a-z0-9-]{0,37}$/.test(plan.plan)) {
    fail('PlanInvalid', `${planFile}: plan "${plan.plan}" cannot name things on AWS`, {
      hint: 'Use at most 38 lower-case letters, digits and hyphens.',
    });
  }
  const vaults = [plan.vault.primary, ...plan.vault.replicas].map((destination, at) =>
    vaultNames(prefix, destination, at),
  );
  const { topic = 'alerts' } = plan.alerts;
  return { prefix, plan, vaults, topic: topic.startsWith('arn:') ? { arn: topic } : { name: `${prefix}-${topic}` } };
}

function vaultNames(prefix: string, destination: Destination, at: number): VaultNames {
  const place = at === 0 ? 'vault.primary' : `vault.replicas[${at - 1}]`;
  if (!('s3' in destination) || destination.s3.endpoint !== undefined) {
    return fail(
      'PlanInvalid',
      `${planFile}: ${place} is not an S3 bucket on AWS, so a deployed Tidemark cannot reach it`,
      {
        hint: 'Deploy with { s3: { bucket, region } } there; directories are for one machine.',
      },
    );
  }
  const { bucket, region, prefix: folder } = destination.s3;
  return {
    region,
    bucket,
    prefix: folder === undefined || folder === '' ? '' : `${folder.replace(/\/+$/, '')}/`,
    keyAlias: at === 0 ? `alias/${prefix}-vault` : `alias/${prefix}-replica-${at}`,
  };
}

/** `plan-backup` as CloudFormation and the state machines say it: `PlanBackup`. */
export function logicalName(name: string): string {
  return name
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}

/** Names of roles are fixed, because the bucket policies in both regions name them. */
export function roleName(names: Names, functionName: string): string {
  return `${names.prefix}-${functionName}`;
}
