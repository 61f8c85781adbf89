/**
 * One port made of several. All are tried, whatever happens to the others; if any failed it throws `AlertUndelivered`,
 * which names each path that failed and each that delivered. A failure is never silent: it is logged (code
 * `alert-undelivered`, one line for each path, to be counted), and the paths that still work are told that one is broken.
 */
import { asTidemarkError, fail, type TidemarkError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Alert, AlertPort } from './port.ts';

interface Failure {
  readonly port: AlertPort;
  readonly error: TidemarkError;
}

export function fanOutAlerts(ports: readonly AlertPort[], log: Log): AlertPort {
  return {
    name: ports.map(({ name }) => name).join('+') || 'nobody',
    async send(alert) {
      const failures = await sendAll(ports, alert);
      for (const { port, error } of failures) {
        log.error('alert-undelivered', {
          path: port.name,
          trouble: alert.trouble,
          reason: error.message,
          hint: error.hint,
        });
      }
      if (ports.length > 0 && failures.length === 0) return;
      const working = ports.filter((port) => !failures.some((failure) => failure.port === port));
      if (failures.length > 0) await sendAll(working, brokenPathAlert(alert, failures));
      refuse(alert, failures, working);
    },
  };
}

async function sendAll(ports: readonly AlertPort[], alert: Alert): Promise<Failure[]> {
  const outcomes = await Promise.all(
    ports.map(async (port) => {
      try {
        await port.send(alert);
        return undefined;
      } catch (error) {
        return { port, error: asTidemarkError(error) };
      }
    }),
  );
  return outcomes.filter((outcome) => outcome !== undefined);
}

/** What the second path says about the first. */
function brokenPathAlert(alert: Alert, failures: readonly Failure[]): Alert {
  const names = failures.map(({ port }) => port.name).join(' and ');
  return {
    kind: 'failure',
    severity: 'critical',
    trouble: `alerts/${failures[0]?.port.name.replace(/[^\w.-]+/g, '-') ?? 'nobody'}`,
    state: 'open',
    subject: `alerts do not get through by ${names}`,
    what: failures.map(({ error }) => error.message).join('\n'),
    action: failures.map(({ error }) => error.hint ?? 'Mend this path.').join('\n'),
    time: alert.time,
    details: { undelivered: alert.subject, 'trouble undelivered': alert.trouble },
    ...(alert.run === undefined ? {} : { run: alert.run }),
  };
}

function refuse(alert: Alert, failures: readonly Failure[], working: readonly AlertPort[]): never {
  if (failures.length === 0) {
    fail('AlertUndelivered', `nobody was told "${alert.subject}": no way for alerts is set up`, {
      hint: 'Set alerts.topic or alerts.webhook in the plan.',
      context: { failed: [], delivered: [], trouble: alert.trouble },
    });
  }
  fail('AlertUndelivered', failures.map(({ error }) => error.message).join('; '), {
    hint: failures[0]?.error.hint ?? 'Mend the path that is named.',
    context: {
      failed: failures.map(({ port }) => port.name),
      delivered: working.map(({ name }) => name),
      trouble: alert.trouble,
    },
    cause: new AggregateError(failures.map(({ error }) => error)),
  });
}
