/** Where things lie in a vault. Keys sort as they should be listed: snapshots by source and time, runs by time. */

export const layout = {
  vault: 'vault.json',
  pack: (id: string): string => `packs/${id.slice(0, 2)}/${id}`,
  packs: 'packs/',
  index: (name: string): string => `index/${name}`,
  indexes: 'index/',
  snapshot: (source: string, id: string): string => `snapshots/${source}/${id}.json`,
  snapshots: (source?: string): string => (source === undefined ? 'snapshots/' : `snapshots/${source}/`),
  trust: (snapshot: string, level: string): string => `trust/${snapshot}/${level}.json`,
  trusts: (snapshot?: string): string => (snapshot === undefined ? 'trust/' : `trust/${snapshot}/`),
  /** The packs that a complete snapshot needs. */
  needs: (snapshot: string): string => `trust/${snapshot}/packs.json`,
  /** A person said that a suspicious snapshot is right. */
  acceptance: (snapshot: string): string => `trust/${snapshot}/accepted.json`,
  /** A prune is about to delete it: see `Snapshots.hold`. */
  leaving: (snapshot: string): string => `trust/${snapshot}/leaving.json`,
  hold: (snapshot: string): string => `holds/${snapshot}.json`,
  holds: 'holds/',
  /** When later runs found a versioned source still in the state of this snapshot. */
  sighting: (snapshot: string): string => `sightings/${snapshot}.json`,
  sightings: 'sightings/',
  lease: (name: string): string => `leases/${name}.json`,
  leases: 'leases/',
  fossils: 'fossils/',
  fossil: (id: string): string => `fossils/${id}.json`,
  /** How often each blob is needed, as the last prune has counted. */
  counts: 'collection/counts',
  /** Packs that a prune has marked because others have their content too, and which. */
  moved: (prune: string): string => `collection/moved/${prune}.json`,
  moveds: 'collection/moved/',
  run: (id: string): string => `runs/${id}.json`,
  runs: 'runs/',
  work: (run: string, ...parts: readonly string[]): string => `${['work', run, ...parts].join('/')}.json`,
  workOf: (run: string): string => `work/${run}/`,
  works: 'work/',
  /** When the packs of a slot were last read whole. */
  verified: (slot: number): string => `verified/slot-${String(slot).padStart(2, '0')}.json`,
  verifieds: 'verified/',
  /** How far point-in-time recovery of a source reached when it was last looked at. */
  watched: (source: string): string => `watched/${source}.json`,
  /** There while the last verification left damage that it could not repair. */
  unrepaired: 'verified/unrepaired.json',
  trouble: (key: string): string => `troubles/${key}.json`,
  troubles: 'troubles/',
} as const;

/** The id at the end of a key of the layout: `packs/ab/abcd` gives `abcd`, `snapshots/db/x.json` gives `x`. */
export function idInKey(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, '');
}
