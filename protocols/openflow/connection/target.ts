/**
 * Address of a switch, in the notation of ovs-ofctl(8) and ovs-vsctl(8) ("Active/Passive OpenFlow
 * Connections").
 */
export type Target = ActiveTarget | PassiveTarget;

/** Connect: a unix socket, TCP, or TLS over TCP. */
export type ActiveTarget =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp' | 'ssl'; readonly host: string; readonly port: number };

/** Listen, as a controller does: the switch connects. No host: every address. */
export type PassiveTarget =
  | { readonly kind: 'punix'; readonly path: string }
  | { readonly kind: 'ptcp' | 'pssl'; readonly host: string | undefined; readonly port: number };

/** IANA's port of OpenFlow. */
const OPENFLOW_PORT = 6653;

/** A target is malformed. */
export class TargetInvalid extends Error {
  override readonly name = 'TargetInvalid';

  constructor(text: string) {
    super(
      `"${text}" is not an OpenFlow target; use unix:PATH, tcp:HOST[:PORT], ssl:HOST[:PORT], ` +
        'punix:PATH, ptcp:[PORT][:HOST] or pssl:[PORT][:HOST], IPv6 addresses in brackets',
    );
  }
}

const HOST_FIRST = /^(tcp|ssl):(\[[0-9a-fA-F:.%]+\]|[^:[\]]+)(?::(\d{1,5}))?$/;
const PORT_FIRST = /^(ptcp|pssl):(\d{1,5})?(?::(\[[0-9a-fA-F:.%]+\]|[^:[\]]+))?$/;

/** Parses a target. @throws TargetInvalid */
export function parseTarget(text: string): Target {
  const unix = /^(p?unix):(.+)$/.exec(text);
  if (unix !== null) return { kind: unix[1] === 'unix' ? 'unix' : 'punix', path: unix[2] };
  const active = HOST_FIRST.exec(text);
  if (active !== null) {
    const [, kind, host, port] = active;
    return { kind: kind === 'tcp' ? 'tcp' : 'ssl', host: bare(host), port: portOf(port, text) };
  }
  const passive = PORT_FIRST.exec(text);
  if (passive !== null) {
    const [, kind, port, host] = passive;
    return {
      kind: kind === 'ptcp' ? 'ptcp' : 'pssl',
      host: host === undefined ? undefined : bare(host),
      port: portOf(port, text),
    };
  }
  throw new TargetInvalid(text);
}

/** The target as text. */
export function formatTarget(target: Target): string {
  if ('path' in target) return `${target.kind}:${target.path}`;
  const host = target.host === undefined ? undefined : bracketed(target.host);
  if (!isPassive(target)) return `${target.kind}:${host}:${target.port}`;
  return host === undefined
    ? `${target.kind}:${target.port}`
    : `${target.kind}:${target.port}:${host}`;
}

/** True when the switch connects to us. */
export function isPassive(target: Target): target is PassiveTarget {
  return target.kind === 'punix' || target.kind === 'ptcp' || target.kind === 'pssl';
}

/** True when the connection is encrypted. */
export function isTls(target: Target): boolean {
  return target.kind === 'ssl' || target.kind === 'pssl';
}

function bare(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function portOf(text: string | undefined, target: string): number {
  const port = text === undefined ? OPENFLOW_PORT : Number(text);
  if (port > 65_535) throw new TargetInvalid(target);
  return port;
}
