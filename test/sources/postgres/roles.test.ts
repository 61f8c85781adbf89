import { describe, expect, test } from 'vitest';
import { Complaints, isUnknownTimeout } from '../../../src/sources/postgres/restore/complaints.ts';
import { readRoles } from '../../../src/sources/postgres/restore/roles.ts';
import { quotedName, quotedText, settingClause, statementsOf } from '../../../src/sources/postgres/restore/sql.ts';

describe('the statements of a script', () => {
  test.each([
    ['select 1; select 2;', ['select 1', 'select 2']],
    [`select ';'; select "a;b";`, [`select ';'`, 'select "a;b"']],
    [`select 'it''s; so'; x`, [`select 'it''s; so'`, 'x']],
    [`select E'a\\'; b'; x`, [`select E'a\\'; b'`, 'x']],
    ['-- a; comment\nselect 1;', ['select 1']],
    [`\\restrict abc;def\nselect 1;\n\\unrestrict abc\n`, ['select 1']],
    [`select 'over\nlines; -- not a comment';`, [`select 'over\nlines; -- not a comment'`]],
    ['do $x$ begin; end $x$; select 1', ['do $x$ begin; end $x$', 'select 1']],
    ['', []],
  ])('%j', (script, statements) => {
    expect(statementsOf(script)).toEqual(statements);
  });
});

test('names and values are quoted', () => {
  expect(quotedName('a"b')).toBe('"a""b"');
  expect(quotedText(`it's`)).toBe(`'it''s'`);
  expect(quotedText('a\\b')).toBe(` E'a\\\\b'`);
});

test.each([
  ['work_mem=8MB', `work_mem TO '8MB'`],
  ['search_path="$user", public', `search_path TO '$user', 'public'`],
  ['search_path="a ""b"""', `search_path TO 'a "b"'`],
  ['search_path=""', `search_path TO ''`],
  [`application_name=x'; drop table t; --`, `application_name TO 'x''; drop table t; --'`],
  [`search_path=public; drop table t`, `search_path TO 'public;', 'drop', 'table', 't'`],
  ['my.own=1', `my.own TO '1'`],
  ['no value', undefined],
  ['bad name=1', undefined],
])('the setting %s', (setting, clause) => {
  expect(settingClause(setting)).toBe(clause);
});

test('the globals of a cluster are read', () => {
  const roles = readRoles(`--
\\restrict nDXkA
CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER INHERIT LOGIN PASSWORD 'SCRAM-SHA-256$4096:a;b' VALID UNTIL '2027-01-01 00:00:00+00';
CREATE ROLE "Odd ""role""";
ALTER ROLE "Odd ""role""" WITH SUPERUSER NOLOGIN;
COMMENT ON ROLE app IS 'it''s; the application';
ALTER ROLE app SET search_path TO 'network', 'public';
GRANT readers TO app WITH INHERIT TRUE GRANTED BY postgres;
GRANT "Odd ""role""" TO "another role" WITH ADMIN OPTION GRANTED BY "x y";
GRANT SET ON PARAMETER log_min_messages TO app;
CREATE TABLESPACE fast OWNER postgres LOCATION '/fast';
GRANT ALL ON TABLESPACE fast TO app;
`);
  expect([...roles.attributes]).toEqual([
    ['app', `NOSUPERUSER INHERIT LOGIN PASSWORD 'SCRAM-SHA-256$4096:a;b' VALID UNTIL '2027-01-01 00:00:00+00'`],
    ['Odd "role"', 'SUPERUSER NOLOGIN'],
  ]);
  expect(roles.memberships).toEqual([
    { of: 'readers', member: 'app', options: ' WITH INHERIT TRUE' },
    { of: 'Odd "role"', member: 'another role', options: ' WITH ADMIN OPTION' },
  ]);
  expect(roles.others.map(({ role, statement }) => [role, statement.slice(0, 20)])).toEqual([
    ['app', 'COMMENT ON ROLE app '],
    ['app', 'ALTER ROLE app SET s'],
    ['app', 'GRANT SET ON PARAMET'],
  ]);
});

describe('F3: complaints of pg_restore', () => {
  const hear = (...lines: string[]) => {
    const complaints = new Complaints();
    for (const line of lines) complaints.line(line);
    return complaints;
  };
  const timeout = [
    'pg_restore: while INITIALIZING:',
    'pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"',
    'Command was: SET transaction_timeout = 0;',
  ];
  const role = [
    'pg_restore: while PROCESSING TOC:',
    'pg_restore: from TOC entry 222; 1259 16516 TABLE events app',
    'pg_restore: error: could not execute query: ERROR:  role "app" does not exist',
    'Command was: ALTER TABLE network.events OWNER TO app;',
    '',
  ];

  test('F3: all are problems that are not known to be harmless', () => {
    const complaints = hear(...timeout, ...role, 'pg_restore: warning: errors ignored on restore: 2');
    expect(complaints.cameToItsEnd).toBe(true);
    expect(complaints.problems(isUnknownTimeout)).toEqual([
      { path: 'TABLE events app', what: 'role "app" does not exist (ALTER TABLE network.events OWNER TO app;)' },
    ]);
  });

  test('F3: errors that were counted and not understood are problems too', () => {
    const complaints = hear(...role, 'pg_restore: warning: errors ignored on restore: 5');
    expect(complaints.problems(isUnknownTimeout)).toContainEqual({
      path: 'database',
      what: 'pg_restore met 4 more errors',
    });
  });

  test('F3: without the count it did not come to its end', () => {
    expect(hear(...role).cameToItsEnd).toBe(false);
  });

  test('F3: in another language than English an error is an error all the same', () => {
    const complaints = hear(
      'pg_restore: error: could not execute query: FEHLER:  Rolle »app« existiert nicht',
      'pg_restore: warning: errors ignored on restore: 1',
    );
    expect(complaints.problems(isUnknownTimeout)).toEqual([
      { path: 'database', what: 'FEHLER:  Rolle »app« existiert nicht' },
    ]);
  });

  test('F3: a setting that only looks like a timeout is not harmless', () => {
    const complaints = hear(
      timeout[1]!,
      'Command was: SET transaction_timeout = 0; DROP TABLE x;',
      'pg_restore: warning: errors ignored on restore: 1',
    );
    expect(complaints.problems(isUnknownTimeout)).toHaveLength(1);
  });
});
