/** Both stacks as packaged, with the questions that several suites ask them. */
import { logicalName, type Names, readNames } from '../../deploy/names.ts';
import { type Resolve, resolver } from './intrinsics.ts';
import { packageStack, root, type Template } from './packaging.ts';
import { listOf, type Statement } from './policies.ts';

export interface Stacks {
  readonly names: Names;
  readonly primary: Template;
  readonly replica: Template;
  readonly resolve: Resolve;
  readonly resolveReplica: Resolve;
}

export async function packageStacks(): Promise<Stacks> {
  const names = readNames(root);
  // One after the other: both write to `.serverless`.
  const primary = await packageStack('serverless.yml');
  const replica = await packageStack('serverless.replica.yml');
  return {
    names,
    primary,
    replica,
    resolve: resolver(primary, names.vaults[0]!.region),
    resolveReplica: resolver(replica, names.vaults[1]!.region),
  };
}

/** All that a role says, references resolved. */
export function statementsOf({ primary, resolve }: Stacks, role: string): readonly Statement[] {
  const policies = primary.Resources[role]!.Properties.Policies as readonly {
    readonly PolicyDocument: { readonly Statement: unknown };
  }[];
  return policies.flatMap(({ PolicyDocument }) => listOf(resolve(PolicyDocument.Statement)) as readonly Statement[]);
}

export function functionStatements(stacks: Stacks, name: string): readonly Statement[] {
  return statementsOf(stacks, `${logicalName(name)}Role`);
}

export function bucketPolicy(stacks: Stacks, vault: number): readonly Statement[] {
  const [template, resolve] = vault === 0 ? [stacks.primary, stacks.resolve] : [stacks.replica, stacks.resolveReplica];
  return resolve(template.Resources.VaultBucketPolicy!.Properties.PolicyDocument.Statement) as readonly Statement[];
}
