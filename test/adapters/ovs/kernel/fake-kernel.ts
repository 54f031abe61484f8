import { encodeAttribute, textValue } from '../../../../protocols/netlink/attributes.ts';
import { CONTROL, GENLMSG_BYTES, GROUP } from '../../../../protocols/netlink/generic.ts';
import {
  CONTROL_TYPE,
  decodeMessages,
  encodeMessage,
  FLAG,
  type NetlinkMessage,
} from '../../../../protocols/netlink/message.ts';
import { dpIfindexOf, OVS_HEADER_BYTES } from '../../../../protocols/netlink/ovs/families.ts';
import { COMMAND, DATAPATH, FLOW, OMIT, VPORT } from '../../../../protocols/netlink/ovs/tables.ts';
import type { NetlinkTransport } from '../../../../protocols/netlink/socket.ts';
import { AttributeReader } from '../../../../protocols/netlink/tables.ts';

const CONTROLLER = 16;
const FAMILIES = [
  { name: 'ovs_datapath', id: 30, group: 40 },
  { name: 'ovs_vport', id: 31, group: 41 },
  { name: 'ovs_flow', id: 32, group: 42 },
];
const [DP, PORT, FLOWS] = FAMILIES.map(({ id }) => id);
const ENOENT = 2;
const ENODEV = 19;

/** A flow of the fake kernel. */
export interface FakeFlow {
  /** 16 bytes. */
  readonly ufid: Buffer;
  readonly key: Buffer;
  readonly mask: Buffer;
  readonly actions: Buffer;
  packets: number;
  bytes: number;
  /** ms of CLOCK_MONOTONIC. */
  usedMs: number;
}

/** The Open vSwitch datapath of a kernel, in memory: what netlink asks and gets. */
export class FakeKernel {
  name = 'ovs-system';
  ifindex = 7;
  /** False: the module is not loaded. */
  hasOvs = true;
  hasDatapath = true;
  readonly ports = new Map<number, string>();
  readonly flows = new Map<string, FakeFlow>();
  /** Flows that dumps leave out, as when the kernel rebuilds its table. */
  readonly missed = new Set<string>();
  /** Dumps by what they left out. */
  readonly dumps: number[] = [];
  /** Flows that were asked for one by one. */
  asked = 0;
  /** Called after each flow dump, before its end is read. */
  afterDump: () => void = () => undefined;
  readonly #listeners = new Map<FakeKernelSocket, Set<number>>();

  readonly open = (): FakeKernelSocket => new FakeKernelSocket(this);

  listen(socket: FakeKernelSocket, group: number): void {
    const groups = this.#listeners.get(socket) ?? new Set();
    this.#listeners.set(socket, groups.add(group));
  }

  unlisten(socket: FakeKernelSocket): void {
    this.#listeners.delete(socket);
  }

  /** Makes a flow or replaces it, and notifies. */
  put(flow: FakeFlow): void {
    const ufid = flow.ufid.toString('hex');
    const command = this.flows.has(ufid) ? COMMAND.set : COMMAND.new;
    this.flows.set(ufid, flow);
    this.notify(FLOWS, command, flowAttributes(flow, 0));
  }

  delete(ufid: Buffer): void {
    this.flows.delete(ufid.toString('hex'));
    this.notify(FLOWS, COMMAND.delete, FLOW.ufid.of(ufid));
  }

  /** Deletes the datapath with its flows; another can be made with {@link ifindex}. */
  deleteDatapath(): void {
    this.flows.clear();
    this.notify(DP, COMMAND.delete, DATAPATH.name.of(this.name));
  }

  setPort(number: number, name: string): void {
    this.ports.set(number, name);
    this.notify(PORT, COMMAND.new, VPORT.portNo.of(number));
  }

  notify(type: number, command: number, attributes: Buffer): void {
    const payload = Buffer.concat([this.#header(command), attributes]);
    for (const socket of this.#listenersTo(type)) {
      socket.queue.push(encodeMessage({ type, flags: 0, sequence: 0, payload }));
    }
  }

  /** A notification of a flow is lost. */
  loseNotification(): void {
    for (const socket of this.#listenersTo(FLOWS)) socket.queue.push('overrun');
  }

  /** Sockets that get the notifications of flows. */
  get flowListeners(): number {
    return this.#listenersTo(FLOWS).length;
  }

  /** The datagrams that answer one request. */
  answer(request: NetlinkMessage): Buffer[] {
    const isDump = (request.flags & FLAG.dump) === FLAG.dump;
    const reply = (payload: Buffer): Buffer =>
      encodeMessage({ type: request.type, flags: 0, sequence: request.sequence, payload });
    const found = this.#found(request, isDump);
    if (typeof found === 'number') return [this.#ack(request, found)];
    const end = isDump ? this.#done(request) : this.#ack(request, 0);
    return [...found.map(reply), end];
  }

  #listenersTo(type: number): FakeKernelSocket[] {
    const group = FAMILIES.find(({ id }) => id === type)?.group ?? 0;
    return [...this.#listeners].flatMap(([socket, groups]) => (groups.has(group) ? [socket] : []));
  }

  #found(request: NetlinkMessage, isDump: boolean): Buffer[] | number {
    if (request.type === CONTROLLER) return this.#family(request);
    if (request.type === DP) {
      if (!this.hasDatapath) return [];
      return [Buffer.concat([this.#header(COMMAND.new), DATAPATH.name.of(this.name)])];
    }
    if (!this.hasDatapath || dpIfindexOf(request.payload) !== this.ifindex) return ENODEV;
    if (request.type === PORT) return this.#ports();
    const attributes = new AttributeReader(request.payload.subarray(OVS_HEADER_BYTES));
    if (!isDump) return this.#flow(attributes);
    return this.#dump(attributes.get(FLOW.ufidFlags) ?? 0);
  }

  #family({ payload }: NetlinkMessage): Buffer[] | number {
    const wanted = new AttributeReader(payload.subarray(GENLMSG_BYTES)).get(CONTROL.familyName);
    const family = FAMILIES.find(({ name }) => name === wanted);
    if (!this.hasOvs || family === undefined) return ENOENT;
    const group = Buffer.concat([GROUP.name.of(family.name), GROUP.id.of(family.group)]);
    const attributes = [CONTROL.familyId.of(family.id), CONTROL.multicastGroups.of([group])];
    return [Buffer.concat([Buffer.alloc(GENLMSG_BYTES), ...attributes])];
  }

  #ports(): Buffer[] {
    return [...this.ports].map(([number, name]) =>
      Buffer.concat([
        this.#header(COMMAND.new),
        VPORT.portNo.of(number),
        VPORT.type.of(1),
        encodeAttribute(VPORT.name.number, textValue(name)),
      ]),
    );
  }

  #flow(attributes: AttributeReader): Buffer[] | number {
    this.asked++;
    const flow = this.flows.get(attributes.get(FLOW.ufid)?.toString('hex') ?? '');
    return flow === undefined ? ENOENT : [this.#message(flow, 0)];
  }

  #dump(omit: number): Buffer[] {
    this.dumps.push(omit);
    const all = [...this.flows].filter(([ufid]) => !this.missed.has(ufid));
    const messages = all.map(([, flow]) => this.#message(flow, omit));
    this.afterDump();
    return messages;
  }

  #message(flow: FakeFlow, omit: number): Buffer {
    return Buffer.concat([this.#header(COMMAND.new), flowAttributes(flow, omit)]);
  }

  #header(command: number): Buffer {
    const header = Buffer.alloc(OVS_HEADER_BYTES);
    header.writeUInt8(command, 0);
    header.writeInt32LE(this.ifindex, 4);
    return header;
  }

  #ack({ sequence }: NetlinkMessage, errno: number): Buffer {
    const error = Buffer.alloc(4);
    error.writeInt32LE(-errno, 0);
    const header = encodeMessage({ type: 0, flags: 0, sequence, payload: Buffer.alloc(0) });
    const payload = Buffer.concat([error, header]);
    return encodeMessage({ type: CONTROL_TYPE.error, flags: FLAG.capped, sequence, payload });
  }

  #done({ sequence }: NetlinkMessage): Buffer {
    const payload = Buffer.alloc(4);
    return encodeMessage({ type: CONTROL_TYPE.done, flags: FLAG.multi, sequence, payload });
  }
}

/** A socket of the fake kernel. */
export class FakeKernelSocket implements NetlinkTransport {
  readonly #kernel: FakeKernel;
  readonly queue: (Buffer | 'overrun')[] = [];
  readonly isInUse = false;

  constructor(kernel: FakeKernel) {
    this.#kernel = kernel;
  }

  join(group: number): void {
    this.#kernel.listen(this, group);
  }

  write(message: Buffer): Promise<void> {
    for (const request of decodeMessages(message)) this.queue.push(...this.#kernel.answer(request));
    return Promise.resolve();
  }

  read(): Promise<Buffer | 'overrun' | undefined> {
    return Promise.resolve(this.queue.shift());
  }

  receive(): Buffer | 'overrun' | undefined {
    return this.queue.shift();
  }

  close(): void {
    this.#kernel.unlisten(this);
  }
}

function flowAttributes(flow: FakeFlow, omit: number): Buffer {
  const stats = Buffer.alloc(16);
  stats.writeBigUInt64LE(BigInt(flow.packets), 0);
  stats.writeBigUInt64LE(BigInt(flow.bytes), 8);
  return Buffer.concat([
    FLOW.ufid.of(flow.ufid),
    ...((omit & OMIT.key) === 0 ? [FLOW.key.of(flow.key)] : []),
    ...((omit & OMIT.mask) === 0 ? [FLOW.mask.of(flow.mask)] : []),
    ...(flow.usedMs === 0 ? [] : [FLOW.used.of(BigInt(Math.floor(flow.usedMs)))]),
    encodeAttribute(FLOW.stats.number, stats),
    ...((omit & OMIT.actions) === 0 ? [FLOW.actions.of(flow.actions)] : []),
  ]);
}
