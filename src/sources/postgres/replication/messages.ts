/** What the messages hold that a replication connection gets: rows as text, and what the server complains of. Pure. */

/** Values are text, as the simple protocol has them. */
export interface ResultSet {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** https://www.postgresql.org/docs/current/protocol-error-fields.html */
export interface Complaint {
  /** `ERROR`, `FATAL`, `WARNING`, ... never translated. */
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** The server's refusal of a command, as it came. */
export class ServerError extends Error {
  readonly complaint: Complaint;
  readonly code: string;

  constructor(complaint: Complaint) {
    super(complaint.message);
    this.complaint = complaint;
    this.code = complaint.code;
  }
}

export function columnsOf(body: Buffer): string[] {
  const names: string[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(0); left > 0; left -= 1) {
    const end = body.indexOf(0, at);
    names.push(body.toString('utf8', at, end));
    at = end + 1 + 18; // table, column, type, length, modifier, format
  }
  return names;
}

export function rowOf(body: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(0); left > 0; left -= 1) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  return values;
}

export function complaintOf(body: Buffer): Complaint {
  const fields = new Map<string, string>();
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at + 1);
    fields.set(String.fromCharCode(body[at]!), body.toString('utf8', at + 1, end));
    at = end + 1;
  }
  const [detail, hint] = [fields.get('D'), fields.get('H')];
  return {
    severity: fields.get('V') ?? fields.get('S') ?? '',
    code: fields.get('C') ?? '',
    message: fields.get('M') ?? 'no reason given',
    ...(detail !== undefined && { detail }),
    ...(hint !== undefined && { hint }),
  };
}

/** Text as the protocol sends it. */
export function terminated(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

/** A string as a literal of the replication grammar and of SQL alike. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
