/**
 * Real data behind a record. Who gives the fake a `DataPlane` has instances with a server, snapshots with a copy of its data
 * and restores with a server on that copy; without one there is none of it, and nothing else changes.
 */
import type { World } from '../world.ts';

interface HasData {
  data?: string;
}

/** The copy is made at once, as the moment of the snapshot is now. */
export function follow(world: World, from: HasData, to: HasData, at: Date): void {
  const { data } = from;
  const plane = world.dataPlane;
  if (data === undefined || plane === undefined) return;
  world.timeline.plan(at, async () => {
    to.data = await plane.copy(data);
  });
}

export function discard(world: World, record: HasData, at: Date): void {
  const { data } = record;
  const plane = world.dataPlane;
  if (data === undefined || plane === undefined) return;
  delete record.data;
  world.timeline.plan(at, () => plane.remove(data));
}
