import { describe, expect, test } from 'vitest';
import { fanOutAlerts } from '../../src/alerts/fan-out.ts';
import { logAlerts } from '../../src/alerts/log.ts';
import { webhookAlerts } from '../../src/alerts/webhook.ts';
import { TidemarkError } from '../../src/core/errors.ts';
import { createLog } from '../../src/core/log.ts';
import { recordingPort, sample } from './sample.ts';

function recordingLog() {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: createLog((line) => lines.push(JSON.parse(line)), 'debug') };
}

const broken = (name: string) => {
  const port = recordingPort(name);
  port.failure = new TidemarkError('AlertUndelivered', `${name} did not answer`, { hint: `Mend ${name}.` });
  return port;
};

test('every path gets the alert', async () => {
  const { lines, log } = recordingLog();
  const [one, two] = [recordingPort('one'), recordingPort('two')];
  const port = fanOutAlerts([one, two], log);
  await port.send(sample);
  expect(port.name).toBe('one+two');
  expect([one.sent, two.sent]).toEqual([[sample], [sample]]);
  expect(lines).toEqual([]);
});

describe('A8: a notification that did not go out is never reported as sent', () => {
  test('delivery failure is surfaced: the error names the path that failed and those that delivered, after all were tried', async () => {
    const { log } = recordingLog();
    const [first, last] = [recordingPort('first'), recordingPort('last')];
    const sending = fanOutAlerts([first, broken('sns:alerts'), last], log).send(sample);
    await expect(sending).rejects.toMatchObject({
      name: 'AlertUndelivered',
      retry: 'later',
      message: 'sns:alerts did not answer',
      hint: 'Mend sns:alerts.',
      context: { failed: ['sns:alerts'], delivered: ['first', 'last'], trouble: sample.trouble },
    });
    expect(first.sent[0]).toEqual(sample);
    expect(last.sent[0]).toEqual(sample);
  });

  test('delivery failure is counted: one log line of its own code for each path', async () => {
    const { lines, log } = recordingLog();
    await expect(fanOutAlerts([broken('one'), broken('two')], log).send(sample)).rejects.toThrow(
      'one did not answer; two did not answer',
    );
    expect(lines.map(({ level, code, path, trouble }) => ({ level, code, path, trouble }))).toEqual([
      { level: 'error', code: 'alert-undelivered', path: 'one', trouble: sample.trouble },
      { level: 'error', code: 'alert-undelivered', path: 'two', trouble: sample.trouble },
    ]);
  });

  test('second path used: the paths that work are told which one is broken, and why', async () => {
    const { log } = recordingLog();
    const second = recordingPort('webhook:chat');
    await expect(fanOutAlerts([broken('sns:alerts'), second], log).send(sample)).rejects.toThrow();
    expect(second.sent[0]).toEqual(sample);
    expect(second.sent[1]).toMatchObject({
      severity: 'critical',
      trouble: 'alerts/sns-alerts',
      subject: 'alerts do not get through by sns:alerts',
      what: 'sns:alerts did not answer',
      action: 'Mend sns:alerts.',
      run: sample.run,
      details: { undelivered: sample.subject },
    });
    expect(second.sent).toHaveLength(2);
  });

  test('second path used: a webhook whose name does not resolve, with the log as the other path', async () => {
    const { lines, log } = recordingLog();
    const webhook = webhookAlerts({ url: 'https://hooks.tidemark.invalid/x', plan: 'p' });
    await expect(fanOutAlerts([webhook, logAlerts(log)], log).send(sample)).rejects.toMatchObject({
      name: 'AlertUndelivered',
      context: { failed: ['webhook:hooks.tidemark.invalid'], delivered: ['log'] },
    });
    expect(lines.map(({ code, trouble }) => [code, trouble])).toEqual([
      ['alert', sample.trouble],
      ['alert-undelivered', sample.trouble],
      ['alert', 'alerts/webhook-hooks.tidemark.invalid'],
    ]);
  });

  test('a port that throws something else, or at once, stops no other port', async () => {
    const { log } = recordingLog();
    const last = recordingPort('last');
    const odd = {
      name: 'odd',
      send: () => {
        throw new Error('oops');
      },
    };
    await expect(fanOutAlerts([odd, last], log).send(sample)).rejects.toMatchObject({ context: { failed: ['odd'] } });
    expect(last.sent[0]).toEqual(sample);
  });

  test('no path at all is a failure, not a success', async () => {
    const { log } = recordingLog();
    await expect(fanOutAlerts([], log).send(sample)).rejects.toMatchObject({
      name: 'AlertUndelivered',
      hint: 'Set alerts.topic or alerts.webhook in the plan.',
    });
  });
});

test.each([
  ['critical', 'open', 'error'],
  ['warning', 'open', 'warn'],
  ['info', 'open', 'info'],
  ['critical', 'resolved', 'info'],
] as const)('a %s alert that is %s is logged as %s, with its fields', async (severity, state, level) => {
  const { lines, log } = recordingLog();
  await logAlerts(log).send({ ...sample, severity, state });
  expect(lines).toMatchObject([
    { level, code: 'alert', trouble: sample.trouble, what: sample.what, seen: sample.time },
  ]);
});
