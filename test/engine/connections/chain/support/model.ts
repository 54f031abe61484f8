// A simple interpreter of megaflows, to judge composed entries by: numbers instead of bytes, a list
// of megaflows instead of an index, and no notion of a match that is composed.

/** Headers and metadata of a packet; a missing one is not there. */
export type ModelPacket = Map<string, bigint>;

/** Bits of a header or of metadata. */
export interface ModelBits {
  readonly name: string;
  readonly value: bigint;
  readonly mask: bigint;
}

export type ModelAction =
  | { readonly kind: 'output'; readonly port: string }
  | ({ readonly kind: 'set' } & ModelBits)
  | { readonly kind: 'push'; readonly tpid: bigint; readonly vid: bigint; readonly pcp: bigint }
  | { readonly kind: 'pop' }
  | { readonly kind: 'recirc'; readonly id: number }
  | { readonly kind: 'ct'; readonly zone: bigint; readonly nat: boolean }
  | { readonly kind: 'clear' };

export interface ModelMegaflow {
  readonly recirculation: number;
  readonly conditions: readonly ModelBits[];
  readonly actions: readonly ModelAction[];
}

/** Source, destination and ports of one direction. */
export interface ModelTuple {
  readonly src: bigint;
  readonly dst: bigint;
  readonly srcPort: bigint;
  readonly dstPort: bigint;
}

/** An established connection in a zone. */
export interface ModelConnection {
  readonly zone: bigint;
  readonly original: ModelTuple;
  readonly reply: ModelTuple;
  readonly mark: bigint;
  readonly label: bigint;
  /** Bits of the state of packets that are translated to the addresses that they have. */
  readonly keptState: bigint;
}

const METADATA = ['ct_state', 'ct_zone', 'ct_mark', 'ct_label'];

/** A packet that enters the vSwitch. */
export function entering(headers: ModelPacket): ModelPacket {
  return new Map([...headers, ...METADATA.map((name): [string, bigint] => [name, 0n])]);
}

export function modelTuple(packet: ModelPacket): ModelTuple {
  const ip = packet.has('ipv4_src') ? 'ipv4' : 'ipv6';
  const l4 = packet.has('tcp_src') ? 'tcp' : 'udp';
  const of = (name: string): bigint => packet.get(name) ?? 0n;
  return {
    src: of(`${ip}_src`),
    dst: of(`${ip}_dst`),
    srcPort: of(`${l4}_src`),
    dstPort: of(`${l4}_dst`),
  };
}

export function flipped({ src, dst, srcPort, dstPort }: ModelTuple): ModelTuple {
  return { src: dst, dst: src, srcPort: dstPort, dstPort: srcPort };
}

export function equal(a: ModelTuple, b: ModelTuple): boolean {
  return a.src === b.src && a.dst === b.dst && a.srcPort === b.srcPort && a.dstPort === b.dstPort;
}

function setTuple(packet: ModelPacket, { src, dst, srcPort, dstPort }: ModelTuple): void {
  const ip = packet.has('ipv4_src') ? 'ipv4' : 'ipv6';
  const l4 = packet.has('tcp_src') ? 'tcp' : 'udp';
  packet.set(`${ip}_src`, src).set(`${ip}_dst`, dst);
  packet.set(`${l4}_src`, srcPort).set(`${l4}_dst`, dstPort);
}

/** The tuple by which conntrack looks a packet up in a zone. */
export function lookedUp(packet: ModelPacket, zone: bigint): ModelTuple {
  const state = packet.get('ct_state') ?? 0n;
  const isTranslated = packet.get('ct_zone') === zone && (state & 0xc0n) !== 0n;
  return isTranslated ? flipped(modelTuple(packet)) : modelTuple(packet);
}

/** Does one action other than output and recirc; false when the model does not know what it does. */
export function perform(
  packet: ModelPacket,
  action: ModelAction,
  connections: readonly ModelConnection[],
): boolean {
  switch (action.kind) {
    case 'set': {
      const before = packet.get(action.name) ?? 0n;
      packet.set(action.name, (before & ~action.mask) | action.value);
      return true;
    }
    case 'push':
      for (const part of ['tpid', 'vid', 'pcp']) {
        const outer = packet.get(`vlan_${part}`);
        if (outer !== undefined) packet.set(`cvlan_${part}`, outer);
      }
      packet.set('vlan_tpid', action.tpid).set('vlan_vid', action.vid).set('vlan_pcp', action.pcp);
      return true;
    case 'pop':
      for (const part of ['tpid', 'vid', 'pcp']) {
        const inner = packet.get(`cvlan_${part}`);
        packet.delete(`cvlan_${part}`);
        if (inner === undefined) packet.delete(`vlan_${part}`);
        else packet.set(`vlan_${part}`, inner);
      }
      return true;
    case 'clear':
      for (const name of METADATA) packet.set(name, 0n);
      return true;
    case 'ct':
      return conntrack(packet, action.zone, action.nat, connections);
    case 'output':
    case 'recirc':
      break;
  }
  return true;
}

function conntrack(
  packet: ModelPacket,
  zone: bigint,
  nat: boolean,
  connections: readonly ModelConnection[],
): boolean {
  const wanted = lookedUp(packet, zone);
  const isTranslated = !equal(wanted, modelTuple(packet));
  const connection = connections.find(
    (c) => c.zone === zone && (equal(c.original, wanted) || equal(c.reply, wanted)),
  );
  if (connection === undefined) {
    if (isTranslated) return false;
    packet.set('ct_state', 0x21n).set('ct_zone', zone).set('ct_mark', 0n).set('ct_label', 0n);
    return true;
  }
  let isReply = !equal(connection.original, wanted);
  if (isTranslated) isReply = !isReply;
  let state = packet.get('ct_zone') === zone ? (packet.get('ct_state') ?? 0n) : 0n;
  state |= 0x22n | (isReply ? 0x8n : 0n);
  if (nat && !isTranslated) {
    const to = flipped(isReply ? connection.original : connection.reply);
    if (to.src !== wanted.src || to.srcPort !== wanted.srcPort) state |= 0x40n;
    if (to.dst !== wanted.dst || to.dstPort !== wanted.dstPort) state |= 0x80n;
    if (equal(to, wanted)) state |= connection.keptState;
    setTuple(packet, to);
  }
  packet.set('ct_state', state).set('ct_zone', zone);
  packet.set('ct_mark', connection.mark).set('ct_label', connection.label);
  return true;
}

export function meets(packet: ModelPacket, conditions: readonly ModelBits[]): boolean {
  const isTagged = conditions.some(({ name }) => name === 'vlan_tpid');
  if (packet.has('vlan_tpid') !== isTagged) return false;
  return conditions.every(({ name, value, mask }) => {
    const has = packet.get(name);
    return has !== undefined && (has & mask) === value;
  });
}

/** Where a packet goes, and as what. */
export interface Delivered {
  /** Undefined: it is dropped. */
  readonly port: string | undefined;
  readonly headers: ModelPacket;
}

/** Follows a packet; undefined when no megaflow matches. */
export function follow(
  headers: ModelPacket,
  megaflows: readonly ModelMegaflow[],
  connections: readonly ModelConnection[],
): Delivered | undefined {
  const packet = entering(headers);
  for (let id = 0; ; ) {
    const megaflow = megaflows.find((m) => m.recirculation === id && meets(packet, m.conditions));
    if (megaflow === undefined) return undefined;
    let next: number | undefined;
    let port: string | undefined;
    for (const action of megaflow.actions) {
      if (action.kind === 'output') port = action.port;
      else if (action.kind === 'recirc') next = action.id;
      else if (!perform(packet, action, connections)) return undefined;
    }
    if (next === undefined) return { port, headers: withoutMetadata(packet) };
    id = next;
  }
}

export function withoutMetadata(packet: ModelPacket): ModelPacket {
  return new Map([...packet].filter(([name]) => !METADATA.includes(name)));
}
