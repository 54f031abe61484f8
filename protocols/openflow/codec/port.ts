import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { putHeader } from './header.ts';
import { getPort, putPort } from './port-number.ts';
import { OF10, type Version } from './version.ts';

/** A port as the switch describes it. */
export interface PortDescription {
  readonly portNo: number;
  /** 6 bytes. */
  readonly hwAddr: Uint8Array;
  readonly name: string;
  /** Bits: 1 down, and others of the version (1.3.5, section 7.2.1). */
  readonly config: number;
  /** Bits: 1 link down, and others of the version. */
  readonly state: number;
  /** Bit sets of link speeds and kinds; they differ between the versions. */
  readonly current: number;
  readonly advertised: number;
  readonly supported: number;
  readonly peer: number;
  /** kbit/s; 0 in 1.0. */
  readonly currentSpeed: number;
  readonly maxSpeed: number;
}

/** A port was added, removed or changed. */
export interface PortStatus {
  readonly type: 'port-status';
  readonly xid: number;
  /** PortReason. */
  readonly reason: number;
  readonly port: PortDescription;
}

/** Changes a port's configuration bits that `mask` has set. */
export interface PortMod {
  readonly type: 'port-mod';
  readonly xid: number;
  readonly portNo: number;
  readonly hwAddr: Uint8Array;
  readonly config: number;
  readonly mask: number;
  /** Link kinds to advertise; 0 keeps them. */
  readonly advertise: number;
}

const NAME_LENGTH = 16;

/** ofp_phy_port of 1.0 (section 5.2.1), ofp_port of 1.3.5 (section 7.2.1). */
export function putPortDescription(w: Writer, p: PortDescription, version: Version): void {
  putPort(w, p.portNo, version);
  if (version !== OF10) w.zeros(4);
  w.exactly(p.hwAddr, 6, 'a MAC address');
  if (version !== OF10) w.zeros(2);
  w.text(p.name, NAME_LENGTH);
  w.u32(p.config);
  w.u32(p.state);
  w.u32(p.current);
  w.u32(p.advertised);
  w.u32(p.supported);
  w.u32(p.peer);
  if (version !== OF10) {
    w.u32(p.currentSpeed);
    w.u32(p.maxSpeed);
  }
}

function getPortDescription(r: Reader, version: Version): PortDescription {
  const portNo = getPort(r, version);
  if (version !== OF10) r.skip(4);
  const hwAddr = r.bytes(6);
  if (version !== OF10) r.skip(2);
  return {
    portNo,
    hwAddr,
    name: r.text(NAME_LENGTH),
    config: r.u32(),
    state: r.u32(),
    current: r.u32(),
    advertised: r.u32(),
    supported: r.u32(),
    peer: r.u32(),
    currentSpeed: version === OF10 ? 0 : r.u32(),
    maxSpeed: version === OF10 ? 0 : r.u32(),
  };
}

/** Reads descriptions up to the end of the current structure. */
export function getPortDescriptions(r: Reader, version: Version): PortDescription[] {
  const ports: PortDescription[] = [];
  while (r.at < r.end) ports.push(getPortDescription(r, version));
  return ports;
}

export function putPortStatus(w: Writer, m: PortStatus, version: Version): void {
  putHeader(w, m.type, version, m.xid);
  w.u8(m.reason);
  w.zeros(7);
  putPortDescription(w, m.port, version);
}

export function getPortStatus(r: Reader, xid: number, version: Version): PortStatus {
  const reason = r.u8();
  r.skip(7);
  return { type: 'port-status', xid, reason, port: getPortDescription(r, version) };
}

export function putPortMod(w: Writer, m: PortMod, version: Version): void {
  putHeader(w, m.type, version, m.xid);
  putPort(w, m.portNo, version);
  if (version !== OF10) w.zeros(4);
  w.exactly(m.hwAddr, 6, 'a MAC address');
  if (version !== OF10) w.zeros(2);
  w.u32(m.config);
  w.u32(m.mask);
  w.u32(m.advertise);
  w.zeros(4);
}

export function getPortMod(r: Reader, xid: number, version: Version): PortMod {
  const portNo = getPort(r, version);
  if (version !== OF10) r.skip(4);
  const hwAddr = r.bytes(6);
  if (version !== OF10) r.skip(2);
  const config = r.u32();
  const mask = r.u32();
  const advertise = r.u32();
  r.skip(4);
  return { type: 'port-mod', xid, portNo, hwAddr, config, mask, advertise };
}
