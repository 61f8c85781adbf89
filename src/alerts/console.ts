/** Alerts for whoever sits at the machine: a heading that catches the eye, then the same text as on every other path. */
import { fail } from '../core/errors.ts';
import type { Alert, AlertPort } from './port.ts';
import { alertBody, alertSubject } from './text.ts';

export interface ConsoleAlertsOptions {
  /** Takes text with its line breaks; whoever owns the output decides where it goes. */
  readonly write: (text: string) => void;
  readonly plan: string;
  readonly colours?: boolean;
}

const reset = '\u001b[0m';
const colourOf = { critical: '\u001b[1;31m', warning: '\u001b[1;33m', info: '\u001b[1;36m', resolved: '\u001b[1;32m' };

export function consoleAlerts({ write, plan, colours = false }: ConsoleAlertsOptions): AlertPort {
  return {
    name: 'console',
    async send(alert) {
      try {
        write(`${heading(alert, plan, colours)}\n${indented(alertBody(alert, plan))}\n`);
      } catch (cause) {
        fail('AlertUndelivered', `the console did not take the alert "${alert.subject}": ${(cause as Error).message}`, {
          hint: 'Check where the output goes: a closed pipe or a full disk takes nothing.',
          context: { path: 'console', trouble: alert.trouble },
          cause,
        });
      }
    },
  };
}

function heading(alert: Alert, plan: string, colours: boolean): string {
  const text = `ALERT ${alertSubject(alert, plan)}`;
  const colour = colourOf[alert.state === 'resolved' ? 'resolved' : alert.severity];
  return colours ? `${colour}${text}${reset}` : text;
}

function indented(text: string): string {
  return text.trimEnd().replace(/^(?=.)/gm, '  ');
}
