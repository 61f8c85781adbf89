import { userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { TidemarkError } from '../../../src/core/errors.ts';
import {
  databaseArgument,
  parseConnection,
  placeOf,
  programEnvironment,
  withoutPassword,
} from '../../../src/sources/postgres/connection.ts';

describe('a database URL', () => {
  test.each([
    [
      'postgres://u:p@db.example.org:6432/app',
      { host: 'db.example.org', port: 6432, user: 'u', password: 'p', database: 'app' },
    ],
    ['postgresql://u@h/app', { host: 'h', port: 5432, user: 'u', password: undefined, database: 'app' }],
    ['postgres://u:p%40ss%2F%3A%25@h/n%C3%A4me', { password: 'p@ss/:%', database: 'näme' }],
    ['postgres://u@[::1]:5433/app', { host: '::1', port: 5433 }],
    ['postgres://u@/app?host=/run/postgresql', { host: '/run/postgresql', database: 'app' }],
    ['postgres://u@%2Frun%2Fpostgresql/app', { host: '/run/postgresql' }],
    ['postgres://h', { user: userInfo().username, database: userInfo().username }],
    ['postgres://u@h', { database: 'u' }],
    [
      'postgres://u@h/a?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=3',
      { sslMode: 'verify-full', sslRootCert: '/ca.pem', connectSeconds: 3 },
    ],
    ['postgres://u@h/a', { sslMode: 'prefer', connectSeconds: 10 }],
  ])('%s', (url, expected) => {
    expect(parseConnection(url)).toMatchObject(expected);
  });

  test.each([
    'mysql://h/a',
    'postgres:/h/a',
    'postgres://u:sec@ret@h/a',
    'postgres://u:sec/ret@h/a',
    'postgres://u:secret@h:port/a',
    'postgres://u:secret@h:99999/a',
    'postgres://u:secret@h/a?sslmode=maybe',
    'postgres://u:secret@h/a?sslmod=require',
    'postgres://u:secret%zz@h/a',
    'postgres://u:secret@one,two/a',
    '',
  ])('%s is refused, without being repeated', (url) => {
    const parse = () => parseConnection(url);
    expect(parse).toThrow(TidemarkError);
    try {
      parse();
    } catch (error) {
      expect((error as TidemarkError).name).toBe('PlanInvalid');
      expect(`${(error as TidemarkError).message} ${(error as TidemarkError).hint}`).not.toMatch(/sec/);
    }
  });
});

test('programs get all of it in their environment, and nothing of ours', () => {
  process.env.PGOPTIONS = '-c something=else';
  const environment = programEnvironment(parseConnection('postgres://u:p%40ss@h:1/a?sslmode=require'));
  delete process.env.PGOPTIONS;
  expect(environment).toEqual({
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LC_ALL: 'C',
    PGHOST: 'h',
    PGPORT: '1',
    PGUSER: 'u',
    PGPASSWORD: 'p@ss',
    PGDATABASE: 'a',
    PGSSLMODE: 'require',
    PGCONNECT_TIMEOUT: '10',
    PGAPPNAME: 'tidemark',
    PGTZ: 'UTC',
  });
});

test('a password is taken out of a text in every form', () => {
  const connection = parseConnection('postgres://u:p%40ss@h/a');
  expect(withoutPassword('u:p@ss and u:p%40ss', connection)).toBe('u:*** and u:***');
  expect(placeOf(connection)).toBe('a at h:5432');
});

test('a name with an equals sign is no connection string', () => {
  expect(databaseArgument(`it's host=x \\`)).toBe(`dbname='it\\'s host=x \\\\'`);
});
