/**
 * Signs that a source is not what it was: emptied, not mounted, ransacked, encrypted. Each rule holds the newest state against
 * the source's own history and says in words what is odd, or nothing. `docs/suspicion.md` has their figures: how often they
 * cry wolf, and what they miss.
 */
import type { Signals } from './signals.ts';
import { ordinary } from './statistics.ts';

export interface Case {
  readonly now: Signals;
  /** Good states, newest first: back to the one that a person accepted last, that one included. At least one. */
  readonly known: readonly [Signals, ...Signals[]];
  /** All good states, newest first, also those before the accepted one: they teach what is usual. */
  readonly all: readonly Signals[];
}

export type Rule = (scene: Case) => string | undefined;

/** A fall by less than this is never odd. */
const smallFall = 0.2;
/** While a source has no habits yet, a fall by more than this is. */
const youngFall = 0.3;
const habit = 5;
/** The largest value within so many states counts too, as someone may take a little each day: a fall from it by a half. */
const lookedBack = 14;
const half = 0.5;

const emptied: Rule = ({ now, known: [before] }) =>
  now.files === 0 && before.files > 0 ? `it is empty; the snapshot before has ${before.files} files` : undefined;

/** A fall of a measure beyond what the source is known for. Below `least` it says nothing. */
function shrunk(unit: string, least: number, measure: (signals: Signals) => number | undefined): Rule {
  return ({ now, known, all }) => {
    const [value, before] = [measure(now), measure(known[0])];
    if (value === undefined || before === undefined || before < least || value >= before) return undefined;
    const values = all.map(measure).filter((one) => one !== undefined);
    const falls = values.slice(0, -1).map((one, at) => fall(one, values[at + 1]!));
    const usual = Math.max(ordinary(falls), 1.5 * Math.max(0, ...falls));
    const limit = values.length < habit ? youngFall : Math.min(0.95, Math.max(smallFall, usual));
    if (fall(value, before) > limit) return `it has ${value} ${unit}; the snapshot before has ${before}`;
    // How far it used to be below its peak before that time: what happens now must not teach that it is usual.
    const older = values.slice(lookedBack);
    const fromPeaks = older.map((one, at) => fall(one, Math.max(...older.slice(at, at + lookedBack))));
    const recent = known.slice(0, lookedBack).map((one) => measure(one) ?? 0);
    const peak = Math.max(...recent);
    if (known.length > 1 && fall(value, peak) > Math.max(half, limit, 1.2 * Math.max(...fromPeaks)))
      return `it has ${value} ${unit}; within its last ${recent.length} snapshots it had ${peak}`;
    return undefined;
  };
}

/** 0.3 when three tenths are gone. */
const fall = (now: number, before: number): number => Math.max(0, 1 - now / Math.max(1, before));

const unmounted: Rule = ({ now, known: [before] }) =>
  before.mounted === true && now.mounted !== true
    ? 'its folder was a mount point and is none now: what was mounted there is missing'
    : undefined;

/** Tables with rows that are gone. One small table is a migration; many, or most of the rows, are not. */
const tablesGone: Rule = ({ now, known: [before] }) => {
  const [there, once] = [now.largest, before.largest];
  if (!there || !once || before.tables === undefined || now.tables === undefined) return undefined;
  // Both lists hold the largest alone: one that is not on a full list may only have become smaller than the others.
  const isWhole = Object.keys(there).length >= now.tables;
  const smallest = isWhole ? -1 : Math.min(...Object.values(there));
  const lost = Object.entries(once).filter(([name, rows]) =>
    there[name] === undefined ? rows > smallest : there[name] === 0 && rows >= 1000,
  );
  const rows = lost.reduce((sum, [, count]) => sum + count, 0);
  const isMuch = rows >= 100 && rows >= 0.05 * (before.rows ?? 0);
  const isMany = lost.length >= 3 && lost.length >= 0.25 * before.tables;
  if (!isMuch && !isMany) return undefined;
  const names = lost.slice(0, 3).map(([name]) => name);
  return `${lost.length} tables of ${before.tables} are gone or empty, with ${rows} rows: ${names.join(', ')}${lost.length > 3 ? ', ...' : ''}`;
};

/** Below this, what is new says nothing about compression. */
const leastFresh = 64 * 1024;
/** What compression leaves of encrypted content. */
const dense = 0.9;

export const densityOf = ({ fresh }: Signals): number | undefined =>
  fresh && fresh.plain >= leastFresh ? fresh.packed / fresh.plain : undefined;

/** The share of a state that is new content in the place of old: what merely came on top is taken off. */
export function replacedShare(now: Signals, before: Signals): number {
  const grown = Math.max(0, now.bytes - before.bytes);
  return Math.max(0, (now.fresh?.plain ?? 0) - grown) / Math.max(1, before.bytes);
}

/** Pairs of states that follow one another, without the first one of all, which is new as a whole. */
function changesIn(all: readonly Signals[]): { density: number | undefined; replaced: number }[] {
  return all.slice(0, -1).map((one, at) => ({ density: densityOf(one), replaced: replacedShare(one, all[at + 1]!) }));
}

/** Content was replaced by content that does not compress, in a source whose content does. */
const encrypted: Rule = ({ now, known: [before], all }) => {
  const density = densityOf(now);
  const replaced = replacedShare(now, before);
  if (density === undefined || density < dense || replaced < 0.02) return undefined;
  const changes = changesIn(all);
  const densities = changes.flatMap((change) => change.density ?? []);
  const plain = all.reduce((sum, { fresh }) => sum + (fresh?.plain ?? 0), 0);
  const whole = all.reduce((sum, { fresh }) => sum + (fresh?.packed ?? 0), 0) / Math.max(1, plain);
  const usual = densities.length >= habit ? Math.max(whole, ordinary(densities, 3)) : whole;
  if (plain < leastFresh || density - Math.min(usual, 1) < 0.12) return undefined;
  // It has done that before, as a source does that packs its logs once a month.
  if (replaced < half && changes.some((one) => (one.density ?? 0) >= dense - 0.05 && one.replaced >= replaced / 2))
    return undefined;
  if (replaced < (changes.length >= 2 * habit ? 0.02 : 0.05)) return undefined;
  return `${percent(replaced)} of it was replaced by content that does not compress (${percent(density)} is left; before it was ${percent(whole)}), as encryption does`;
};

/** Of a source whose own content hardly compresses, only the amount of what was replaced tells. */
const replacedAtOnce: Rule = ({ now, known: [before], all }) => {
  const replaced = replacedShare(now, before);
  const changes = changesIn(all);
  if (changes.length < 2 || (densityOf(now) ?? 0) < dense) return undefined;
  const most = Math.max(...changes.map((change) => change.replaced));
  if (replaced <= Math.min(0.8, Math.max(0.25, 3 * most))) return undefined;
  return `${percent(replaced)} of it was replaced at once; never before was it more than ${percent(most)}`;
};

/** Many files have an ending that no file had before, in the place of those that they had. */
const renamed: Rule = ({ now, known: [before] }) => {
  if (!now.endings || !before.endings || before.files < 20) return undefined;
  const [there, once] = [now.endings, before.endings];
  const news = Object.entries(there.counts).filter(([ending]) => once.counts[ending] === undefined);
  // An ending that was too rare to be told by name may be among the others.
  const fresh = Math.max(0, news.reduce((sum, [, files]) => sum + files, 0) - once.others);
  const odd = fresh + Math.max(0, there.others - once.others);
  const lost = Object.entries(once.counts).map(([ending, files]) => ({
    files,
    gone: Math.max(0, files - (there.counts[ending] ?? 0)),
  }));
  const fewer = lost.reduce((sum, { gone }) => sum + gone, 0);
  const files = Math.min(odd, fewer);
  if (files < 20 || files < 0.1 * before.files) return undefined;
  // Content that merely moved under other names is not stored anew.
  if (replacedShare(now, before) < 0.02) return undefined;
  const [ending, most] = news.toSorted((a, b) => b[1] - a[1])[0] ?? ['', 0];
  // A program that is rewritten in another language trades one ending for another; an attack takes all that it finds.
  const kinds = lost.filter((one) => one.gone >= 5 && one.gone >= 0.1 * one.files).length;
  const density = densityOf(now);
  if ((density === undefined || density < dense - 0.05) && (kinds < 2 || most < files / 2)) return undefined;
  const example = most >= files / 2 ? `, ${most} of them in .${ending}` : '';
  return `${files} files end in what no file ended in before${example}, and as many endings are gone`;
};

const percent = (share: number): string => `${Math.round(share * 100)} %`;

export const rules: Readonly<Record<string, Rule>> = {
  emptied,
  unmounted,
  fewerFiles: shrunk('files', 20, ({ files }) => files),
  fewerBytes: shrunk('bytes', 1_000_000, ({ bytes }) => bytes),
  fewerRows: shrunk('rows', 100, ({ rows }) => rows),
  tablesGone,
  encrypted,
  replacedAtOnce,
  renamed,
};
