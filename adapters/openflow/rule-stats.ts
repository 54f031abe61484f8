import type { FlowStats } from '../../protocols/openflow/codec/flow-stats.ts';
import { Group, Port, Table } from '../../protocols/openflow/codec/ids.ts';
import type { RequestBody } from '../../protocols/openflow/codec/multipart.ts';
import { OF13 } from '../../protocols/openflow/codec/version.ts';
import type { Session } from '../../protocols/openflow/connection/session.ts';
import type { Cookies } from './cookies.ts';
import { MATCH10_ALL } from '../../protocols/openflow/codec/match-of10.ts';
import { cookieMatch } from './flow-mods.ts';
import type { Dialect } from './translate/dialect.ts';

/**
 * Reads our rules and their counters. The switch selects them by cookie; plain OpenFlow 1.0 cannot
 * and sends every rule of table 0.
 *
 * The argument of `take` is valid until it returns.
 */
export function readOurs(
  session: Session,
  dialect: Dialect,
  cookies: Cookies,
  take: (stats: FlowStats) => void,
  signal: AbortSignal,
): Promise<void> {
  const body = request(dialect, { cookie: cookies.tag, mask: cookies.tagMask });
  return read(session, body, (s) => (cookies.areOurs(s.cookie) ? take(s) : undefined), signal);
}

/** Reads every rule of table 0, of all controllers. */
export function readTable(
  session: Session,
  dialect: Dialect,
  take: (stats: FlowStats) => void,
  signal: AbortSignal,
): Promise<void> {
  return read(session, request(dialect, { cookie: 0n, mask: 0n }), take, signal);
}

/** Reads every rule of every table, of all controllers. */
export function readAllTables(
  session: Session,
  take: (stats: FlowStats) => void,
  signal: AbortSignal,
): Promise<void> {
  const dialect = { version: session.version, nicira: true };
  return read(session, request(dialect, { cookie: 0n, mask: 0n }, Table.all), take, signal);
}

function request(
  dialect: Dialect,
  { cookie, mask }: { readonly cookie: bigint; readonly mask: bigint },
  tableId = 0,
): RequestBody {
  const common = { tableId, outPort: Port.any } as const;
  if (dialect.version === OF13) {
    const match = { kind: 'oxm', fields: [] } as const;
    return { ...common, kind: 'flow', outGroup: Group.any, cookie, cookieMask: mask, match };
  }
  if (dialect.nicira) {
    const match = mask === 0n ? ({ kind: 'oxm', fields: [] } as const) : cookieMatch(cookie, mask);
    return { ...common, kind: 'nx-flow', match };
  }
  const all = { cookie: 0n, cookieMask: 0n, outGroup: Group.any, match: MATCH10_ALL };
  return { ...common, tableId: Table.all, kind: 'flow', ...all };
}

function read(
  session: Session,
  body: RequestBody,
  take: (stats: FlowStats) => void,
  signal: AbortSignal,
): Promise<void> {
  return session.multipart(
    body,
    (part) => {
      if (part.kind !== 'flow' && part.kind !== 'nx-flow') return;
      for (const stats of part.flows) take(stats);
    },
    signal,
  );
}
