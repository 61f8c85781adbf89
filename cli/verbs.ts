/** The verbs, in the order in which the help shows them. */
import type { Verb } from './verb.ts';
import { accept } from './verbs/accept.ts';
import { backup } from './verbs/backup.ts';
import { cat } from './verbs/cat.ts';
import { drill } from './verbs/drill.ts';
import { hold } from './verbs/hold.ts';
import { ls } from './verbs/ls.ts';
import { prune } from './verbs/prune.ts';
import { release } from './verbs/release.ts';
import { restore } from './verbs/restore.ts';
import { run } from './verbs/run.ts';
import { simulate } from './verbs/simulate.ts';
import { snapshots } from './verbs/snapshots.ts';
import { status } from './verbs/status.ts';
import { verify } from './verbs/verify.ts';

export const verbs: Readonly<Record<string, Verb>> = {
  backup,
  snapshots,
  restore,
  verify,
  prune,
  simulate,
  status,
  ls,
  cat,
  hold,
  release,
  accept,
  drill,
  run,
};
