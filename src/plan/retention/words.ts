/** A decision in words. People read them before a prune, and auditors years after: each says what, and until when. */
import { isoDate } from '../calendar/date.ts';
import type { Zone } from '../calendar/zone.ts';
import type { RetentionCandidate } from './candidate.ts';
import type { KeepRule, Passed } from './decision.ts';

/** `freeze` says why nothing of the source expires, where that is so. */
export function keepWords(rule: KeepRule, zone: Zone, freeze = ''): string {
  switch (rule.rule) {
    case 'tier': {
      const until = `until ${localDate(rule.until, zone)}`;
      return rule.standIn ? `${rule.bucket}, ${until}, as that has no good snapshot` : `${rule.bucket}, ${until}`;
    }
    case 'floor':
      return rule.place === 1 ? 'the newest good snapshot' : `among the newest ${rule.of} good snapshots`;
    case 'flawed':
      return `${rule.flaw}; stays until ${localDate(rule.until, zone)} to be looked into`;
    case 'hold':
      return 'held';
    case 'protected':
      return rule.by;
    case 'frozen':
      return `nothing of this source expires now: ${freeze}`;
    case 'future':
      return 'its time lies in the future, so it is set apart';
    case 'undated':
      return 'its time is not known, so it is set apart';
    case 'unplanned':
      return 'the plan has no such source';
  }
}

export function deleteWords(
  { good, flaw }: RetentionCandidate,
  passed: readonly Passed[],
  newerGood: string,
  zone: Zone,
): string {
  const words = passed.map((by) =>
    'ended' in by ? `${by.bucket} ended ${localDate(by.ended, zone)}` : `${by.bucket} is kept by ${by.by}`,
  );
  return [...(good ? [] : [flaw ?? 'not good']), ...words, `newer and good: ${newerGood}`].join('; ');
}

function localDate(iso: string, zone: Zone): string {
  return isoDate(zone.dateOf(Date.parse(iso)));
}
