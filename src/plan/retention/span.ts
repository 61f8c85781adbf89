/** What a snapshot restores that restores to any moment of a span: a base with the log that followed it. */

/** Of a snapshot that restores to any moment of a span. */
export interface Span {
  /** Snapshots of one chain share base and timeline: a later end has everything that an earlier one has. */
  readonly chain: string;
  /** Equal for chains on one base. */
  readonly base: string;
  /** Milliseconds since the epoch. */
  readonly earliest: number;
  readonly latest: number;
}

/** Reads a snapshot's `details`; `undefined` when it restores to its own moment only. At a sighting it was still so. */
export function spanOf(details: Readonly<Record<string, unknown>>, sightings: readonly Date[] = []): Span | undefined {
  const {
    base,
    window,
    timeline,
    walTimeline = timeline,
  } = details as {
    base?: unknown;
    window?: { earliest?: unknown; latest?: unknown };
    timeline?: unknown;
    walTimeline?: unknown;
  };
  if (typeof base !== 'string' || typeof window?.earliest !== 'string' || typeof window.latest !== 'string')
    return undefined;
  const earliest = Date.parse(window.earliest);
  const latest = Math.max(Date.parse(window.latest), ...sightings.map((seen) => seen.getTime()));
  if (Number.isNaN(earliest) || Number.isNaN(latest)) return undefined;
  return { chain: `${base} ${String(walTimeline)}`, base, earliest, latest };
}
