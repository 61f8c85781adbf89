/** Everything that the two `serverless*.yml` files take from the plan and the tables, in one object by name. */

import { fail } from '../src/core/errors.ts';
import { type FunctionRow, functionTable } from './function-table.ts';
import { functionsOf, rolesOf } from './functions.ts';
import { account, arn, topicArn, type Value } from './intrinsics.ts';
import { type Names, readNames, roleName, type VaultNames } from './names.ts';
import { ruleResources } from './rules.ts';
import { scheduleResources } from './schedules.ts';
import { type Parameters, settingsOf } from './settings.ts';
import { readWorkflows, workflowOutputs, workflowResources } from './workflows.ts';

export { readNames } from './names.ts';

/** The stack in the primary's region: everything that runs. */
export function primaryStack(directory: string, parameters: Parameters): object {
  const names = readNames(directory);
  const settings = settingsOf(parameters);
  const workflows = readWorkflows(directory);
  return {
    vault: vaultOf(names, 0),
    topic: topicArn(names.topic),
    alertsFile: 'arn' in names.topic ? 'alerts-elsewhere.yml' : 'alerts.yml',
    functions: functionsOf(names, settings),
    roles: { Resources: rolesOf(names, settings) },
    workflows: { Resources: workflowResources(workflows, names, settings), Outputs: workflowOutputs(workflows) },
    schedules: { Resources: scheduleResources(names) },
    rules: { Resources: ruleResources(names) },
  };
}

/** The stack of one replica: a place to keep things, nothing that runs. `number` counts the plan's replicas from 1. */
export function replicaStack(directory: string, number: number): object {
  const names = readNames(directory);
  return {
    names: { prefix: `${names.prefix}-replica-${number}`, topic: { name: `${names.prefix}-replica-${number}-alerts` } },
    vault: vaultOf(names, number),
  };
}

interface Vault extends VaultNames {
  /** Roles that may remove anything at all from it. */
  readonly removers: readonly Value[];
  /** Those of them that may remove what snapshots are made of. */
  readonly contentRemovers: readonly Value[];
  /** Roles that may write a damaged snapshot again. */
  readonly repairers: readonly Value[];
}

/** What is left when a run has ended or was never: losing it loses no backup. */
const passing = ['leases', 'fossils', 'collection', 'runs', 'work', 'troubles'];

/** A vault with the roles that its bucket policy names. */
function vaultOf(names: Names, at: number): Vault {
  const vault = names.vaults[at];
  if (vault === undefined) {
    return fail('UsageInvalid', `the plan has no replica ${at}`, {
      hint: `Choose one from 1 to ${names.vaults.length - 1}.`,
    });
  }
  const rolesThat = (may: (row: FunctionRow) => boolean): readonly Value[] =>
    Object.entries(functionTable)
      .filter(([, row]) => may(row))
      .map(([name]) => arn(`iam::${account}:role/${roleName(names, name)}`));
  const removed = (row: FunctionRow): readonly string[] =>
    [row.vaults, at === 0 ? row.primary : row.replicas].flatMap((rights) => rights?.remove ?? []);
  return {
    ...vault,
    removers: rolesThat((row) => removed(row).length > 0),
    contentRemovers: rolesThat((row) => removed(row).some((folder) => !passing.includes(folder))),
    repairers: rolesThat((row) => row.repairs),
  };
}
