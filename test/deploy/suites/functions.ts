/** Every function of the project is deployed as its row says, and its archive holds what its handler needs. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { functionTable } from '../../../deploy/function-table.ts';
import { logicalName } from '../../../deploy/names.ts';
import { functionNames } from '../../../functions/index.ts';
import { resourcesOfType, root } from '../packaging.ts';
import type { Stacks } from '../stacks.ts';
import { unzip } from '../unzip.ts';

const build = join(root, '.build');

export function functionsSuite(stacks: () => Stacks): void {
  const properties = (name: string) => stacks().primary.Resources[`${logicalName(name)}LambdaFunction`]!.Properties;

  describe('functions', () => {
    test('every function is deployed, and nothing else is', () => {
      const deployed = resourcesOfType(stacks().primary, 'AWS::Lambda::Function').map(([id]) => id);
      expect([...Object.keys(functionTable)].sort()).toEqual([...functionNames].sort());
      expect([...deployed].sort()).toEqual(functionNames.map((name) => `${logicalName(name)}LambdaFunction`).sort());
    });

    test.each(functionNames)('%s runs on Node 24, arm64, with its own role, archive, limits and log', (name) => {
      const { names, primary, resolve } = stacks();
      const { memory, timeout } = functionTable[name]!;
      const { Code, Role, ...rest } = properties(name);
      expect(rest).toMatchObject({
        FunctionName: `${names.prefix}-${name}`,
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        MemorySize: memory,
        Timeout: timeout,
        TracingConfig: { Mode: 'Active' },
      });
      expect(basename(Code.S3Key)).toBe(`${name}.zip`);
      expect(resolve(Role)).toMatch(new RegExp(`:role/${names.prefix}-${name}$`));
      const [, log] = resourcesOfType(primary, 'AWS::Logs::LogGroup').find(
        ([id]) => id === `${logicalName(name)}LogGroup`,
      )!;
      expect(log.Properties).toMatchObject({
        LogGroupName: `/aws/lambda/${names.prefix}-${name}`,
        RetentionInDays: 90,
      });
    });

    test('a function gets the topic exactly when it alerts', () => {
      const told = functionNames.filter((name) => 'TIDEMARK_ALERT_TOPIC' in properties(name).Environment.Variables);
      expect(told).toEqual(functionNames.filter((name) => functionTable[name]!.alerts));
    });

    test('the function that an event calls sends what it could not handle to the queue', () => {
      const { primary, resolve } = stacks();
      const configs = resourcesOfType(primary, 'AWS::Lambda::EventInvokeConfig').map(([, config]) =>
        resolve(config.Properties),
      );
      expect(configs).toEqual([
        {
          FunctionName: 'NoticeFailureLambdaFunction',
          Qualifier: '$LATEST',
          DestinationConfig: { OnFailure: { Destination: expect.stringMatching(/:sqs:.*-undelivered$/) } },
        },
      ]);
    });
  });

  describe('bundles', () => {
    test.each(functionNames)(
      '%s loads under 400 kB at first, with the plan and without the tools of one machine',
      (name) => {
        const entries = unzip(readFileSync(join(build, `${name}.zip`)));
        const modules = [...entries].filter(([file]) => file.endsWith('.mjs'));
        const atFirst = [...loadedAtFirst('index.mjs', entries)];
        expect(atFirst.reduce((sum, file) => sum + entries.get(file)!.length, 0)).toBeLessThan(400_000);
        // with every kind of source and store, of which each is loaded when it is needed
        expect(modules.reduce((sum, [, bytes]) => sum + bytes.length, 0)).toBeLessThan(1_500_000);
        expect(entries.get('backup-plan.yml')).toEqual(readFileSync(join(root, 'backup-plan.yml')));
        expect([...entries.keys()]).toContain('index.mjs');
        for (const [, bytes] of modules) expect(bytes.includes('aws-local-stepfunctions')).toBe(false);
      },
    );

    let endings: Readonly<Record<string, string>>;
    beforeAll(() => {
      endings = callEach(functionNames);
    });

    test.each(functionNames)('%s loads from its archive alone, and refuses a wrong input by name', (name) => {
      expect(endings[name]).toBe('InputInvalid');
    });

    test('nothing half-written is left', () => {
      expect(readdirSync(build).filter((file) => file.endsWith('.new'))).toEqual([]);
      for (const name of functionNames) expect(statSync(join(build, `${name}.zip`)).size).toBeLessThan(2_000_000);
    });
  });
}

/** A module and all that it imports without waiting until it is needed. */
function loadedAtFirst(file: string, entries: ReadonlyMap<string, Uint8Array>, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const text = Buffer.from(entries.get(file)!).toString('utf8');
  for (const [, chunk] of text.matchAll(/\b(?:from|import)\s*"\.\/([\w.-]+\.mjs)"/g))
    loadedAtFirst(chunk!, entries, found);
  return found;
}

/** Unpacks every archive outside of the project, so that nothing is found that it does not bring, and calls its handler. */
function callEach(names: readonly string[]): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-functions-'));
  try {
    for (const name of names) {
      mkdirSync(join(folder, name));
      for (const [file, bytes] of unzip(readFileSync(join(build, `${name}.zip`))))
        writeFileSync(join(folder, name, file), bytes);
    }
    const script = `
      const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 30_000 };
      const endings = {};
      for (const name of ${JSON.stringify(names)}) {
        const { handler } = await import('./' + name + '/index.mjs');
        endings[name] = await handler({ nonsense: [name] }, context).then(() => 'success', (error) => error.name);
      }
      process.stderr.write(JSON.stringify(endings));`;
    writeFileSync(join(folder, 'call.mjs'), script);
    const { stderr } = spawnSync(process.execPath, ['call.mjs'], { cwd: folder, encoding: 'utf8', env: {} });
    return JSON.parse(stderr) as Record<string, string>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
