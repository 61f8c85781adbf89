/** One believable alert to start from. */
import type { Alert, AlertPort } from '../../src/alerts/port.ts';

export const sample: Alert = {
  kind: 'failure',
  severity: 'critical',
  trouble: 'backup/user-data',
  state: 'open',
  subject: 'user-data was not backed up',
  source: 'user-data',
  what: 'SourceMissing: /app/data is not there',
  lastGood: '2026-03-14T03:00:12.000Z',
  action: 'Check that the volume is mounted, then start the backup workflow again.',
  run: '20260315T030000Z-incremental-1a2b3c4d',
  time: '2026-03-15T03:00:40.000Z',
  details: { host: 'ip-10-0-3-17', attempts: '3' },
};

/** A port that keeps what it was sent, and fails while told to. */
export function recordingPort(name = 'recording'): AlertPort & { sent: Alert[]; failure: Error | undefined } {
  return {
    name,
    sent: [],
    failure: undefined,
    async send(alert) {
      if (this.failure) throw this.failure;
      this.sent.push(alert);
    },
  };
}
