/** The table in docs/retention.md is what the real code decides. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dailyFrom, decide } from './snapshots.ts';

test('docs/retention.md shows what stays on 15 June 2026 of daily backups since 1 January 2024', () => {
  const all = dailyFrom('2024-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
  const decision = decide(all, { now: '2026-06-15T05:00:00Z' });
  const rows = decision.keep.map(({ time, reasons }) => `| ${time!.slice(0, 10)} | ${reasons.join('; ')} |`);
  const doc = readFileSync(new URL('../../../docs/retention.md', import.meta.url), 'utf8');
  const shown = doc.split('\n').filter((line) => /^\| \d{4}-/.test(line));
  expect(shown.join('\n')).toBe(rows.join('\n'));
  expect(doc).toContain(`Of ${all.length} snapshots, ${decision.keep.length} stay`);
});
