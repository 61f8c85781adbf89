/** What is deployed, packaged once and held against the project: functions, states, permissions, vaults, triggers. */
import { beforeAll } from 'vitest';
import { packageStacks, type Stacks } from './stacks.ts';
import { exerciseSuite } from './suites/exercise.ts';
import { functionsSuite } from './suites/functions.ts';
import { permissionsSuite } from './suites/permissions.ts';
import { samplesSuite } from './suites/samples.ts';
import { triggersSuite } from './suites/triggers.ts';
import { vaultsSuite } from './suites/vaults.ts';
import { workflowsSuite } from './suites/workflows.ts';

let packaged: Stacks;
beforeAll(async () => {
  packaged = await packageStacks();
}, 180_000);

const stacks = (): Stacks => packaged;
functionsSuite(stacks);
workflowsSuite(stacks);
permissionsSuite(stacks);
vaultsSuite(stacks);
triggersSuite(stacks);
exerciseSuite(stacks);
samplesSuite();
