/**
 * The keys of one account in one region, as far as RDS tells of them. It never says which rule a key broke: everything is
 * `KMSKeyNotAccessibleFault` (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBSnapshot.html#API_CopyDBSnapshot_Errors).
 */
import { refuse } from './wire/refusal.ts';

export interface Key {
  readonly arn: string;
  readonly id: string;
  readonly account: string;
  /** Keys that Amazon manages cannot be used by another account: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html */
  readonly managedByAmazon: boolean;
  state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  readonly sharedWith: Set<string>;
  readonly aliases: Set<string>;
}

export class Keys {
  readonly #region: string;
  readonly #account: string;
  readonly #keys = new Map<string, Key>();

  constructor(region: string, account: string) {
    this.#region = region;
    this.#account = account;
    this.add('aws-rds-default', { managedByAmazon: true, aliases: ['alias/aws/rds'] });
  }

  add(
    id: string,
    given: { managedByAmazon?: boolean; aliases?: string[]; state?: Key['state']; sharedWith?: string[] } = {},
  ): Key {
    const key: Key = {
      id,
      arn: `arn:aws:kms:${this.#region}:${this.#account}:key/${id}`,
      account: this.#account,
      managedByAmazon: given.managedByAmazon ?? false,
      state: given.state ?? 'Enabled',
      sharedWith: new Set(given.sharedWith),
      aliases: new Set(given.aliases),
    };
    this.#keys.set(id, key);
    return key;
  }

  /**
   * "The AWS KMS key identifier is the key ARN, key ID, alias ARN, or alias name for the KMS key." A key belongs to its
   * region: an ARN of another one finds nothing here.
   */
  find(text: string): Key | undefined {
    const arn = /^arn:aws[\w-]*:kms:([\w-]+):(\d{12}):(key\/|alias\/)(.+)$/.exec(text);
    if (arn !== null && (arn[1] !== this.#region || arn[2] !== this.#account)) return undefined;
    const name = arn === null ? text : arn[3] === 'key/' ? (arn[4] as string) : `alias/${arn[4]}`;
    return this.#keys.get(name) ?? [...this.#keys.values()].find(({ aliases }) => aliases.has(name));
  }

  get standard(): Key {
    return this.#keys.get('aws-rds-default') as Key;
  }
}

export function inaccessible(text: string): never {
  refuse(
    'KMSKeyNotAccessibleFault',
    `The specified KMS key [${text}] does not exist, is not enabled or you do not have permissions to access it.`,
  );
}

/** Whether `account` may use the key. */
export function usable(key: Key, account: string): boolean {
  if (key.state !== 'Enabled') return false;
  return key.account === account || (!key.managedByAmazon && key.sharedWith.has(account));
}
