/** What a call of the S3 store asks of IAM, and whether a function may make it in the vault of that number. */
import { accountId } from './intrinsics.ts';
import { isAllowed, type Request } from './policies.ts';
import { bucketPolicy, functionStatements, type Stacks } from './stacks.ts';

export type Access = 'list' | 'read' | 'write' | 'create' | 'remove';

const actions: Readonly<Record<Access, string>> = {
  list: 's3:ListBucket',
  read: 's3:GetObject',
  write: 's3:PutObject',
  create: 's3:PutObject',
  remove: 's3:DeleteObject',
};

/** The bucket's default encryption makes S3 use the vault's key in the caller's name. */
const keyActions: Readonly<Partial<Record<Access, string>>> = {
  read: 'kms:Decrypt',
  write: 'kms:GenerateDataKey',
  create: 'kms:GenerateDataKey',
};

export function mayAccess(stacks: Stacks, functionName: string, vault: number, access: Access, key: string): boolean {
  const { names } = stacks;
  const { bucket, prefix, region, keyAlias } = names.vaults[vault]!;
  const role = functionStatements(stacks, functionName);
  const context = {
    'aws:principalarn': `arn:aws:iam::${accountId}:role/${names.prefix}-${functionName}`,
    'aws:securetransport': 'true',
    's3:tlsversion': '1.3',
    ...(access === 'create' ? { 's3:if-none-match': '*' } : {}),
  };
  const object = access === 'list' ? bucket : `${bucket}/${prefix}${key}`;
  const request: Request = { action: actions[access], resource: `arn:aws:s3:::${object}`, context };
  if (!isAllowed(request, role, bucketPolicy(stacks, vault))) return false;
  const action = keyActions[access];
  if (action === undefined) return true;
  const keyContext = { ...context, 'kms:viaservice': `s3.${region}.amazonaws.com`, 'kms:resourcealiases': [keyAlias] };
  return isAllowed({ action, resource: `arn:aws:kms:${region}:${accountId}:key/VaultKey`, context: keyContext }, role);
}
