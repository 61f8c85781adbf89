import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { consoleAlerts } from '../../src/alerts/console.ts';
import { alertBody, alertSubject, withinBytes } from '../../src/alerts/text.ts';
import { sample } from './sample.ts';

describe('body', () => {
  test('names the source, what failed, the last good restore point and the next action', () => {
    expect(alertBody(sample, 'node-network')).toBe(
      [
        'user-data was not backed up',
        '',
        'Source:             user-data',
        'What failed:        SourceMissing: /app/data is not there',
        'Last good:          2026-03-14 03:00:12 UTC (24 hours before this alert)',
        'Next action:        Check that the volume is mounted, then start the backup workflow again.',
        '',
        'State:              open, critical',
        'Kind:               failure',
        'Plan:               node-network',
        'Run:                20260315T030000Z-incremental-1a2b3c4d',
        'Time:               2026-03-15T03:00:40.000Z',
        'Trouble:            backup/user-data',
        '',
        'host:               ip-10-0-3-17',
        'attempts:           3',
        '',
      ].join('\n'),
    );
  });

  test('says plainly that there is no good restore point', () => {
    expect(alertBody({ ...sample, lastGood: 'none' }, 'p')).toMatch(
      /^Last good: +none\. Nothing good can be restored/m,
    );
  });

  test('does not speak of a restore point where the question makes no sense', () => {
    const { lastGood, ...rest } = sample;
    expect(lastGood).toBeDefined();
    expect(alertBody(rest, 'p')).not.toMatch(/Last good/);
  });

  test.each([
    ['2026-03-15T03:00:00.000Z', '0 minutes'],
    ['2026-03-15T01:55:40.000Z', '65 minutes'],
    ['2026-03-14T23:00:40.000Z', '4 hours'],
    ['2026-03-12T03:00:40.000Z', '3 days'],
  ])('a restore point of %s is %s before the alert', (lastGood, said) => {
    expect(alertBody({ ...sample, lastGood }, 'p')).toContain(`(${said} before this alert)`);
  });

  test('a restore point after the alert, or one that is no time, is shown without a wrong age', () => {
    expect(alertBody({ ...sample, lastGood: '2026-03-16T00:00:00Z' }, 'p')).toMatch(
      /^Last good: +2026-03-16 00:00:00 UTC$/m,
    );
    expect(alertBody({ ...sample, lastGood: 'unknown' }, 'p')).toMatch(/^Last good: +unknown$/m);
  });

  test('a resolution says what it was and that it is over', () => {
    const body = alertBody({ ...sample, state: 'resolved', action: 'Do nothing more.' }, 'p');
    expect(body).toMatch(/^What it was: /m);
    expect(body).toMatch(/^State: +resolved \(was critical\)$/m);
  });

  test('never shows a password', () => {
    const body = alertBody(
      { ...sample, what: 'no answer from postgres://tidemark:hunter2@db:5432/x', details: { password: 'hunter2' } },
      'p',
    );
    expect(body).toContain('postgres://tidemark:***@db:5432/x');
    expect(body).not.toContain('hunter2');
  });

  test('a file name cannot drive a terminal or start a line of its own', () => {
    const lines: string[] = [];
    const port = consoleAlerts({ write: (text) => lines.push(text), plan: 'p' });
    return port.send({ ...sample, subject: 'a\u001b[2Jb\nState: resolved', what: 'x\u202etxt\u0007' }).then(() => {
      const text = lines.join('');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
      expect(text.match(/^ *State:/gm)).toHaveLength(1);
    });
  });

  test('what matters survives a cause of a megabyte', () => {
    const body = alertBody({ ...sample, what: 'pg_dump said '.repeat(100_000) }, 'p');
    expect(body.length).toBeLessThan(20_000);
    expect(body).toContain('Next action:        Check that the volume');
  });
});

describe('subject', () => {
  test('names plan, severity and trouble', () => {
    expect(alertSubject(sample, 'node-network')).toBe('node-network CRITICAL: user-data was not backed up');
    expect(alertSubject({ ...sample, state: 'resolved' }, 'node-network')).toBe(
      'node-network RESOLVED: user-data was not backed up',
    );
  });

  test('accents fall, other letters become question marks', () => {
    expect(alertSubject({ ...sample, subject: 'Zoë’s 数据 missing' }, 'naïve')).toBe(
      'naive CRITICAL: Zoe?s ?? missing',
    );
  });

  test('is always one that SNS takes', () => {
    const any = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(any, any, (subject, plan) => {
        const line = alertSubject({ ...sample, subject }, plan);
        expect(line).toMatch(/^[\x21-\x7e][\x20-\x7e]{0,98}$/);
      }),
    );
  });
});

test('a cut keeps within the bytes, between characters, and says so', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 200, maxLength: 400 }),
      fc.integer({ min: 60, max: 900 }),
      (text, limit) => {
        const cut = withinBytes(text, limit);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limit);
        if (cut !== text) {
          const note = '\n[cut here: the run record has it all]\n';
          expect(cut.endsWith(note)).toBe(true);
          expect(text.startsWith(cut.slice(0, -note.length))).toBe(true);
        }
      },
    ),
  );
});

describe('console', () => {
  const print = async (colours: boolean): Promise<string> => {
    const parts: string[] = [];
    await consoleAlerts({ write: (text) => parts.push(text), plan: 'node-network', colours }).send(sample);
    return parts.join('');
  };

  test('prints a heading and the indented body', async () => {
    const lines = (await print(false)).split('\n');
    expect(lines[0]).toBe('ALERT node-network CRITICAL: user-data was not backed up');
    expect(lines[3]).toBe('  Source:             user-data');
  });

  test('colours the heading only when asked to', async () => {
    expect(await print(true)).toContain(
      '\u001b[1;31mALERT node-network CRITICAL: user-data was not backed up\u001b[0m\n',
    );
    expect(await print(false)).not.toContain('\u001b');
  });

  test('an output that takes nothing is a failed delivery', async () => {
    const port = consoleAlerts({
      plan: 'p',
      write: () => {
        throw new Error('EPIPE');
      },
    });
    await expect(port.send(sample)).rejects.toMatchObject({
      name: 'AlertUndelivered',
      message: expect.stringContaining('EPIPE'),
    });
  });
});
