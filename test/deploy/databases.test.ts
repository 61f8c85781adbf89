/** The rights to RDS: given where the plan has databases that AWS runs, for what Tidemark names and nothing else. */
import { expect, test } from 'vitest';
import { functionTable } from '../../deploy/function-table.ts';
import { namesOf } from '../../deploy/names.ts';
import { databaseRights } from '../../deploy/rights-databases.ts';
import { parsePlan } from '../../src/plan/index.ts';

const key = 'arn:aws:kms:eu-central-1:123456789012:key/away';
const planOf = (source: string) =>
  namesOf(
    parsePlan(
      `
plan: network
vault: { primary: { s3: { bucket: network-vault, region: eu-west-1 } } }
sources: [${source}]
retention: { daily: 7 days, atLeast: 1 }
`,
      'backup-plan.yml',
      { folder: '/srv' },
    ),
  );
const rds = planOf(`{ id: db, kind: rds, instance: node, copies: [{ region: eu-central-1, key: "${key}" }] }`);

test('a plan without such databases gives no rights to RDS', () => {
  for (const { databases } of Object.values(functionTable)) {
    expect(databaseRights(databases, planOf('{ id: data, kind: files, path: /srv/data }'))).toEqual([]);
  }
});

test('what is made, copied or deleted has a name of ours; only the function that prunes deletes', () => {
  const changing = /^rds:(Create|Copy|Delete|AddTags)/;
  const deleters = new Set<string>();
  for (const [name, { databases }] of Object.entries(functionTable)) {
    for (const { Action, Resource } of databaseRights(databases, rds)) {
      const actions = [Action].flat();
      if (actions.some((action) => action.startsWith('rds:Delete'))) deleters.add(name);
      if (!actions.some((action) => changing.test(action))) continue;
      for (const resource of [Resource].flat()) {
        const text = JSON.stringify(resource);
        if (/snapshot:/.test(text)) expect(text, name).toContain('snapshot:tidemark-network-*');
        else expect(actions.join(), name).toMatch(/^rds:Create/);
      }
    }
  }
  expect([...deleters]).toEqual(['delete-managed']);
});
