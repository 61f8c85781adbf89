import { describe, expect, test } from 'vitest';
import { referencesOf } from './rules/imports.ts';
import { lockViolations, machinePathViolations, registryViolations } from './rules/machine.ts';
import { projectPaths, projectSources, readProject } from './rules/tree.ts';
import { type Manifest, undeclaredPackages, vendorViolations } from './rules/vendors.ts';

const references = projectSources().flatMap((file) => referencesOf(file));
const texts = projectPaths()
  .filter(
    (path) =>
      !path.startsWith('test/fixtures/') &&
      /(^|\/)[^.]+$|\.(ts|js|cjs|json|md|yml|yaml|sh|html|npmrc|gitignore)$/.test(path),
  )
  .map((path) => ({ path, text: readProject(path) }));

test('packages stay in their adapters', () => {
  expect(vendorViolations(references)).toEqual([]);
});

test('every package that is used is declared', () => {
  expect(undeclaredPackages(references, JSON.parse(readProject('package.json')) as Manifest)).toEqual([]);
});

test('no file names a place of the machine that it was written on', () => {
  expect(texts.length).toBeGreaterThan(20);
  expect(texts.flatMap(machinePathViolations)).toEqual([]);
});

test('packages come from the public registry and are pinned', () => {
  expect(lockViolations({ path: 'package-lock.json', text: readProject('package-lock.json') })).toEqual([]);
  expect(texts.flatMap(registryViolations)).toEqual([]);
});

describe('the rules can fail', () => {
  const violations = (path: string, text: string) => vendorViolations(referencesOf({ path, text }));

  test.each([
    ['src/vault/a.ts', "import { S3Client } from '@aws-sdk/client-s3';"],
    ['src/storage/port.ts', "import type { S3Client } from '@aws-sdk/client-s3';"],
    ['src/alerts/port.ts', "type C = import('@aws-sdk/client-sns').SNSClient;"],
    ['functions/plan-backup.ts', "import { SFNClient } from '@aws-sdk/client-sfn';"],
    ['src/operations/a.ts', "const { Client } = await import('pg');"],
    ['src/sources/files.ts', "import fs from 'isomorphic-git/http/node';"],
    ['src/storage/directory.ts', "const koffi = require('koffi');"],
    ['src/operations/a.ts', "import middy from '@middy/core';"],
  ])('%s may not have %s', (path, text) => {
    expect(violations(path, text)).toHaveLength(1);
  });

  test.each([
    ['src/storage/s3.ts', "import { S3Client } from '@aws-sdk/client-s3';"],
    ['functions/dependencies.ts', "import { SFNClient } from '@aws-sdk/client-sfn';"],
    ['test/a.test.ts', "import { S3Client } from '@aws-sdk/client-s3';"],
    ['src/vault/a.ts', "import * as z from 'zod';\nimport 'node:fs';\nimport 'fs';\nimport './b.ts';"],
  ])('%s may have %s', (path, text) => {
    expect(violations(path, text)).toEqual([]);
  });

  test('a package that is not declared, or only for builders', () => {
    const manifest = {
      dependencies: { zod: '4' },
      optionalDependencies: { koffi: '3' },
      devDependencies: { vitest: '5', '@types/pg': '8' },
    };
    const undeclared = (path: string, text: string) => undeclaredPackages(referencesOf({ path, text }), manifest);
    expect(undeclared('src/a/b.ts', "import 'zod/v4'; import 'koffi'; import type { C } from 'pg';")).toEqual([]);
    expect(undeclared('src/a/b.ts', "import 'vitest';")).toEqual([
      'src/a/b.ts:1 imports vitest, which package.json does not declare in dependencies',
    ]);
    expect(undeclared('test/b.ts', "import 'vitest'; import 'left-pad';")).toEqual([
      'test/b.ts:1 imports left-pad, which package.json does not declare',
    ]);
  });

  test.each([
    ['see /', 'work/main/x'],
    ['HOME=/', 'root/.npmrc'],
    ['"/', 'home/ann/x"'],
  ])('%s%s is a place of one machine', (...parts) => {
    expect(machinePathViolations({ path: 'README.md', text: `first\n${parts.join('')}` })).toHaveLength(1);
  });

  test.each(['the /network/ path', 'https://example.com/work/x', 'src/work/x', './work/x', '~/work/x'])(
    '%s is none',
    (text) => {
      expect(machinePathViolations({ path: 'README.md', text })).toEqual([]);
    },
  );

  test('a package from elsewhere, or without a checksum', () => {
    const lock = (entry: object) =>
      lockViolations({
        path: 'package-lock.json',
        text: JSON.stringify({ packages: { '': {}, 'node_modules/a': entry } }),
      });
    const integrity = 'sha512-x';
    expect(lock({ integrity })).toEqual([]);
    expect(lock({ integrity, resolved: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' })).toEqual([]);
    expect(lock({ integrity, resolved: 'https://npm.example.com/a/-/a-1.0.0.tgz' })).toEqual([
      'package-lock.json: node_modules/a comes from https://npm.example.com',
    ]);
    expect(lock({ resolved: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' })).toHaveLength(1);
  });

  test('a registry in the settings of the project', () => {
    expect(registryViolations({ path: '.npmrc', text: 'registry=https://npm.example.com' })).toHaveLength(1);
    expect(registryViolations({ path: '.npmrc', text: 'engine-strict=true' })).toEqual([]);
  });
});
