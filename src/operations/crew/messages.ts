/** What the main thread and a worker say to each other. Large things lie in shared memory or change hands; none is copied. */
import { type ErrorName, TidemarkError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { BlobId, BlobKind } from '../../format/blob.ts';
import type { Cadence } from '../../format/snapshot.ts';
import type {
  CaptureOutcome,
  PreviousSnapshot,
  RestoreOutcome,
  Shard,
  SourceSpec,
  ValidationReport,
} from '../../sources/port.ts';
import type { IndexTables } from '../../vault/blob-index.ts';
import type { PackFault } from '../../vault/check.ts';
import type { StoredFrame } from '../../vault/stored-frames.ts';
import type { VaultKeys } from '../../vault/vault.ts';
import type { ClaimBuffers } from '../../vault/writing/claims.ts';
import type { PackedFrame } from '../../vault/writing/frame-builder.ts';

/** What every session with a vault needs. */
interface VaultSetting {
  readonly keys: VaultKeys;
  readonly index: IndexTables;
  /** The name of its store, for messages. */
  readonly place: string;
  /** Milliseconds left; `Infinity` when nothing presses. */
  readonly remaining: number;
}

export interface CaptureSetting extends VaultSetting {
  readonly claims: ClaimBuffers;
  readonly source: SourceSpec;
  readonly previous: Omit<PreviousSnapshot, 'tree' | 'reader'> | undefined;
  readonly cadence: Cadence;
  readonly revision: string | undefined;
}

export interface RestoreSetting extends VaultSetting {
  readonly task: 'restore' | 'validate';
  readonly root: BlobId;
  readonly details: Readonly<Record<string, unknown>>;
  readonly target: string;
  readonly overwrite: boolean;
  /** Results of the parts before these. */
  readonly before: readonly Json[];
}

export type ToWorker =
  | { readonly type: 'open-capture'; readonly session: number; readonly setting: CaptureSetting }
  | { readonly type: 'open-restore'; readonly session: number; readonly setting: RestoreSetting }
  | {
      readonly type: 'part';
      readonly session: number;
      readonly part: number;
      readonly shard: Shard;
      readonly state?: Json;
    }
  /** A frame of the worker is taken: another one may be on its way. */
  | { readonly type: 'taken'; readonly session: number }
  | { readonly type: 'frame'; readonly session: number; readonly number: number; readonly answer: FrameAnswer }
  | {
      readonly type: 'examine';
      readonly session: number;
      readonly keys: VaultKeys;
      readonly pack: string;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'flush'; readonly session: number }
  | { readonly type: 'close'; readonly session: number };

export type FrameAnswer = StoredFrame | { readonly error: PlainError };

export type FromWorker =
  | { readonly type: 'packed'; readonly session: number; readonly kind: BlobKind; readonly frame: PackedFrame }
  | { readonly type: 'want'; readonly session: number; readonly number: number }
  | { readonly type: 'captured'; readonly session: number; readonly part: number; readonly outcome: CaptureOutcome }
  | { readonly type: 'restored'; readonly session: number; readonly part: number; readonly outcome: RestoreOutcome }
  | { readonly type: 'validated'; readonly session: number; readonly part: number; readonly report: ValidationReport }
  | { readonly type: 'examined'; readonly session: number; readonly pack: string; readonly fault: PackFault }
  | { readonly type: 'flushed'; readonly session: number }
  | { readonly type: 'failed'; readonly session: number; readonly error: PlainError }
  | {
      readonly type: 'warn';
      readonly session: number;
      readonly code: string;
      readonly fields: Record<string, unknown>;
    };

/** An error as it travels between threads: structured cloning would take its name and hint away. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly hint?: string;
  readonly context: Readonly<Record<string, unknown>>;
}

export function plainError({ name, message, hint, context }: TidemarkError): PlainError {
  return { name, message, ...(hint !== undefined && { hint }), context };
}

export function revived({ name, message, hint, context }: PlainError): TidemarkError {
  return new TidemarkError(name as ErrorName, message, { ...(hint !== undefined && { hint }), context });
}
