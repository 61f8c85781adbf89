/** A forecast for people: how it grows, what could be restored on the days asked about, and what would go wrong. */
import {
  type Forecast,
  type Gap,
  isoDate,
  priceRegion,
  pricesRead,
  type SourceView,
  shares,
  type View,
  zoneOf,
} from '../../src/plan/index.ts';
import { count, size, table } from '../words.ts';
import type { Question } from './question.ts';
import type { Weighed } from './sizes.ts';

export interface Report {
  readonly name: string;
  readonly question: Question;
  readonly weighed: Weighed;
  readonly forecast: Forecast;
  /** Snapshots of the vault that it began with. */
  readonly known: number;
}

export function reportText(report: Report): string {
  const { question, forecast } = report;
  const zone = question.scenario.plans[0].plan.timeZone;
  return [
    heading(report, zone),
    growth(report, zone),
    ...question.days.map(({ day, time }) => restorableText(day, viewAt(report, time), zone)),
    gapsText(forecast.gaps, zone),
  ].join('\n');
}

export function viewAt({ question, forecast }: Pick<Report, 'question' | 'forecast'>, time: Date): View {
  return forecast.views[question.scenario.looks.findIndex((look) => look.getTime() === time.getTime())]!;
}

function heading({ name, question, weighed, forecast, known }: Report, zone: string): string {
  const { from, to } = question.scenario;
  const lines = [
    `${name}, ${dateIn(from, zone)} to ${dateIn(to, zone)} (${zone}): ${count(forecast.taken, 'snapshot')} taken, ${count(forecast.deleted, 'snapshot')} deleted`,
    known > 0 ? `begins with the ${count(known, 'snapshot')} of the vault` : 'begins with an empty vault',
    ...[...weighed.sizes].map(([id, { bytes, dailyChange, yearlyGrowth }]) => {
      const basis = { option: 'as you say', vault: 'as the vault shows', supposed: 'supposed; say it with --size' };
      const grows = yearlyGrowth > 0 ? `, ${percent(yearlyGrowth)} more each year` : '';
      return `${id}: ${size(bytes)}, ${percent(dailyChange)} changed a day${grows} (${basis[weighed.basis.get(id)!]})`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function growth(report: Report, zone: string): string {
  const views = report.question.years.map((time) => viewAt(report, time));
  const used = shares.filter((share) => views.some(({ bytes }) => bytes[share] > 0));
  const paid = views.some(({ cost }) => cost.total > 0);
  const rows = views.map((view) => [
    dateIn(new Date(view.time), zone),
    String(view.sources.reduce((sum, { restorable }) => sum + restorable.length, 0)),
    ...used.map((share) => size(view.bytes[share])),
    size(view.bytes.total),
    (paid ? view.cost.total : view.cost.inS3).toFixed(2),
  ]);
  const what = paid ? 'all places in S3 together' : 'if one copy lay in S3 Standard; directories cost nothing here';
  return `${table(['END OF', '>STATES', ...used.map((share) => `>${share.toUpperCase()}`), '>TOTAL', '>$/MONTH'], rows)}dollars: ${what}; prices of ${priceRegion}, ${pricesRead}; without Lambda and Step Functions\n`;
}

/** Sources that look alike are told together. */
function restorableText(day: string, { sources }: View, zone: string): string {
  const alike = Map.groupBy(sources, ({ restorable }) => rowsOf(restorable, zone).join('\n'));
  const parts = [...alike.values()].map((same) => {
    const names = same.map(({ source }) => source).join(', ');
    const [{ restorable, bytes }] = same as [SourceView];
    if (restorable.length === 0) return `  ${names}: nothing\n`;
    const each = same.length > 1 ? ' each' : '';
    const rows = rowsOf(restorable, zone).map(([at, ...more]) => [`    ${at}`, ...more]);
    return `  ${names}: ${count(restorable.length, 'state')}, ${size(bytes.total)}${each}\n${table(['    STATE OF', '>BYTES', 'KEPT'], rows)}`;
  });
  return `On ${day}, this can be restored:\n${parts.join('')}`;
}

function rowsOf(restorable: SourceView['restorable'], zone: string): string[][] {
  return restorable.map(({ time, tiers, reasons, good, bytes }) => [
    time === null ? 'unknown' : momentIn(new Date(time), zone),
    size(bytes),
    [
      ...(good ? [] : ['not good']),
      ...(tiers.length > 0
        ? tiers.map(({ tier, until }) => `${tier} until ${dateIn(new Date(until), zone)}`)
        : reasons.slice(0, 1)),
    ].join(', '),
  ]);
}

const mostOfAKind = 6;

/** What befell several sources alike is told once. */
function gapsText(gaps: readonly Gap[], zone: string): string {
  if (gaps.length === 0) return 'Every promise of the plan is kept.\n';
  const isKept = gaps.every(({ what }) => what === 'frozen');
  const told = [...Map.groupBy(gaps, (gap) => gapWords(gap, zone)).entries()].map(([words, alike]) => {
    const { what, tier } = alike[0]!;
    return {
      kind: `${what} ${tier ?? ''}`,
      line: `  ${what}: ${alike.map(({ source }) => source).join(', ')}${words}`,
    };
  });
  const lines = [...Map.groupBy(told, ({ kind }) => kind).entries()].flatMap(([kind, alike]) => [
    ...alike.slice(0, mostOfAKind).map(({ line }) => line),
    ...(alike.length > mostOfAKind ? [`  ${kind.trim()}: ${alike.length - mostOfAKind} more; --json has all`] : []),
  ]);
  return `${[isKept ? 'Every promise is kept. To be known:' : 'WHERE THE PROMISE IS NOT KEPT', ...lines].join('\n')}\n`;
}

function gapWords({ what, tier, from, to, says, count: times }: Gap, zone: string): string {
  const of = tier === undefined ? '' : `, ${tier}`;
  if (what === 'empty') return `${of}: ${says}${times > 1 ? ` (${times})` : ''}`;
  const [begin, end] = [dateIn(new Date(from), zone), dateIn(new Date(to), zone)];
  return `${of}, ${begin === end ? begin : `${begin} to ${end}`}: ${says}`;
}

const percent = (share: number): string => `${Math.round(share * 10_000) / 100} %`;
const dateIn = (time: Date, zone: string): string => isoDate(zoneOf(zone).dateOf(time.getTime()));

/** `2026-03-29 03:00`, by the clocks of the zone. */
function momentIn(time: Date, zone: string): string {
  const local = new Date(time.getTime() + zoneOf(zone).offsetAt(time.getTime()));
  return local.toISOString().slice(0, 16).replace('T', ' ');
}
