/** The way into this room for everyone outside of it. */
export { dueSlot, isAnswered, type Latest } from './cadence/due.ts';
export type { Cadences, Every, PeriodicCadence } from './cadence/every.ts';
export { rpoOf } from './cadence/rpo.ts';
export { type Schedule, schedulesOf } from './cadence/schedule.ts';
export { lastSlot, nextSlot, type Slot, slotsBetween, slotsOf } from './cadence/slots.ts';
export { isoDate } from './calendar/date.ts';
export type { Duration } from './calendar/duration.ts';
export { zoneOf } from './calendar/zone.ts';
export { savesLog } from './file/cadences.ts';
export { changeRetention } from './file/change.ts';
export { nearest } from './file/nearest.ts';
export { type Footprint, type Share, shares } from './forecast/footprint.ts';
export { type Forecast, forecast, type SourceView, type View } from './forecast/forecast.ts';
export type { Gap } from './forecast/gaps.ts';
export type { Outage, PlanFrom, Scenario, Size } from './forecast/scenario.ts';
export { type ParseOptions, parsePlan } from './parse.ts';
export type * from './plan.ts';
export { priceRegion, prices, pricesRead } from './prices.ts';
export {
  candidateOf,
  type RetentionCandidate,
  type RetentionInput,
  type SnapshotStanding,
} from './retention/candidate.ts';
export { decideRetention } from './retention/decide.ts';
export type { Deleted, Frozen, KeepRule, Kept, RetentionDecision } from './retention/decision.ts';
export { type Tier, tiers } from './retention/policy.ts';
export { promisedUntil, promisesOf, tiersOf } from './retention/promise.ts';
export { planRetention } from './retention/retention.ts';
export { excessOf } from './retention/share.ts';
