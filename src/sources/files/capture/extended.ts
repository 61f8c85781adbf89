/** The extended attributes of what is captured, as far as this machine can read them. */
import { native } from '../native.ts';
import type { RawPath } from '../raw-path.ts';
import { isGone, sourceFault } from './tally.ts';

export interface Extended {
  readonly xattrs?: Readonly<Record<string, string>>;
  /** Why they could not be read. */
  readonly fault?: string;
}

const none: Extended = {};
/** Labels and signatures that a machine's own policy gives to each file that is made on it. */
const ofTheMachine = new Set(['security.selinux', 'security.ima', 'security.evm']);

/** True for what is the file's own, and goes with it to another machine. */
export function isOwnAttribute(name: string): boolean {
  return !ofTheMachine.has(name);
}

/** Of a path, without following a link, or of an open file. */
export function extendedOf(at: RawPath | number): Extended {
  if (native === undefined) return none;
  try {
    const all = native.attributes(at);
    if (all === undefined) return none;
    const own = Object.entries(all).filter(([name]) => isOwnAttribute(name));
    return own.length === 0 ? none : { xattrs: Object.fromEntries(own) };
  } catch (error) {
    const code = sourceFault(error);
    // A file system without them; or what was just captured is gone by now, as it may be a moment later anyway.
    if (code === 'ENOTSUP' || code === 'EOPNOTSUPP' || isGone(code)) return none;
    return { fault: `its extended attributes cannot be read (${code})` };
  }
}
