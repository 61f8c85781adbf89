/**
 * Alerts as log lines, code `alert`. Never the only path where people have to be woken, and always one of several: it needs
 * nothing that could be missing, so what another path did not take can still be found and counted.
 */
import type { Log } from '../core/log.ts';
import type { AlertPort } from './port.ts';

export function logAlerts(log: Log): AlertPort {
  return {
    name: 'log',
    async send(alert) {
      const { time: seen, ...fields } = alert;
      const level =
        alert.state === 'resolved' || alert.severity === 'info'
          ? 'info'
          : alert.severity === 'warning'
            ? 'warn'
            : 'error';
      log[level]('alert', { ...fields, seen });
    },
  };
}
