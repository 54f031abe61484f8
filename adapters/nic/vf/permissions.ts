import { actionsText } from '../../../engine/model/action-text.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import {
  type FieldName,
  type FlowMatch,
  fieldOf,
  firstBeyondHeaders,
} from '../../../engine/model/match.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import { SideTable } from '../../../engine/model/side-table.ts';
import { pathOfFlow } from './flow-path.ts';
import type { VfOptions, VfVm } from './options.ts';

/**
 * Fields of layer 2, in which packets may differ. A flow that matches another shows that rules look
 * deeper, and may treat other packets of the VM differently.
 */
const LAYER_2: ReadonlySet<FieldName> = new Set([
  'eth_src',
  'eth_dst',
  'eth_type',
  'vlan_tpid',
  'vlan_vid',
  'vlan_pcp',
  'ip_frag',
]);

const UNKNOWN = 0;
const HARMLESS = 1;
const OBJECTS = 2;

/** What a flow forbids, by positions in the list of VMs. */
interface Objection {
  readonly receive: readonly number[];
  readonly transmit: readonly number[];
  readonly why: string;
}

/**
 * Which flows of the vSwitch forbid that all packets of a VM take another path.
 *
 * Steering by MAC address moves all that a VM receives, and an open virtual function lets the guest
 * send whatever it likes. So each is allowed only while every flow of the vSwitch that could match
 * such a packet passes it and does not look deeper than layer 2.
 *
 * A flow is examined once per version of its match and actions; a reading costs one pass over the
 * flows.
 */
export class Permissions {
  readonly #options: Pick<VfOptions, 'uplink' | 'vms'>;
  readonly #rows = new SideTable('version');
  readonly #verdicts = this.#rows.uint8(UNKNOWN);
  readonly #objections = this.#rows.sparse<Objection>();
  /** By VM: the first objection of the last reading. */
  readonly #receive: (string | undefined)[];
  readonly #transmit: (string | undefined)[];
  #ports: PortSnapshot = new Map();
  #isKnown = false;

  constructor(options: Pick<VfOptions, 'uplink' | 'vms'>) {
    this.#options = options;
    this.#receive = options.vms.map(() => undefined);
    this.#transmit = options.vms.map(() => undefined);
  }

  /** New ports: flows have to be examined again. */
  portsChanged(ports: PortSnapshot): void {
    this.#ports = ports;
    this.#rows.clear();
    this.#isKnown = false;
  }

  /** Examines the flows of a reading. */
  follow(table: FlowTable): void {
    this.#rows.follow(table);
    this.#receive.fill(undefined);
    this.#transmit.fill(undefined);
    const verdicts = this.#verdicts.values;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (verdicts[row] === UNKNOWN) this.#examine(row, table.specAt(row));
      if (verdicts[row] === OBJECTS) this.#record(row);
    }
    this.#isKnown = table.readings > 0;
  }

  /** Why not all that a VM receives may bypass the vSwitch; undefined: it may. */
  receiveObjection(vm: number): string | undefined {
    return this.#isKnown ? this.#receive[vm] : NOT_READ;
  }

  /** Why a guest may not send whatever it likes on its virtual function; undefined: it may. */
  transmitObjection(vm: number): string | undefined {
    return this.#isKnown ? this.#transmit[vm] : NOT_READ;
  }

  #examine(row: number, flow: FlowSpec): void {
    const { uplink, vms } = this.#options;
    const receive: number[] = [];
    const transmit: number[] = [];
    for (const [n, vm] of vms.entries()) {
      const { inPort } = flow.match;
      if (inPort === uplink && this.#couldReach(flow.match, vm.port)) {
        const path = pathOfFlow(flow, this.#options, this.#ports);
        const delivers = !('code' in path) && path.vm === vm && isLayer2(flow.match);
        if (!delivers) receive.push(n);
      }
      if (inPort === vm.port && !this.#passes(flow, vm)) transmit.push(n);
    }
    const objects = receive.length + transmit.length > 0;
    this.#verdicts.values[row] = objects ? OBJECTS : HARMLESS;
    if (objects) this.#objections.values.set(row, { receive, transmit, why: whyOf(flow) });
  }

  #record(row: number): void {
    const objection = this.#objections.values.get(row);
    for (const vm of objection?.receive ?? []) this.#receive[vm] ??= objection?.why;
    for (const vm of objection?.transmit ?? []) this.#transmit[vm] ??= objection?.why;
  }

  /** True if a packet to the port's MAC address could match. */
  #couldReach(match: FlowMatch, port: string): boolean {
    const mac = this.#ports.get(port)?.mac;
    const condition = fieldOf(match, 'eth_dst');
    if (mac === undefined || condition === undefined) return true;
    const { value, mask } = condition;
    return Buffer.from(mac.replaceAll(':', ''), 'hex').every(
      (byte, i) => (byte & mask[i]) === value[i],
    );
  }

  /** True if a flow of a VM passes its packets, and those to the wire as the virtual function would. */
  #passes(flow: FlowSpec, { vlan }: VfVm): boolean {
    const { uplink } = this.#options;
    const { actions, match } = flow;
    if (!isLayer2(match) || actions.length === 0) return false;
    const isPlain = actions.every(({ kind }) => kind === 'output');
    const toWire = actions.some((action) => action.kind === 'output' && action.port === uplink);
    // Copies to several ports have no tag.
    if (isPlain && (!toWire || actions.length > 1)) return !toWire || vlan === 0;
    return !('code' in pathOfFlow(flow, this.#options, this.#ports));
  }
}

const NOT_READ = "the vSwitch's flows have not been read since the ports changed";

function isLayer2(match: FlowMatch): boolean {
  return (
    firstBeyondHeaders(match) === undefined && match.fields.every(({ field }) => LAYER_2.has(field))
  );
}

function whyOf({ match, actions }: FlowSpec): string {
  const deeper = match.fields.find(({ field }) => !LAYER_2.has(field))?.field;
  const what = firstBeyondHeaders(match)?.name ?? deeper;
  return what === undefined
    ? `the vSwitch has a flow from ${match.inPort} with the actions ${actionsText(actions)}`
    : `rules of the vSwitch look at ${what} of packets from ${match.inPort}`;
}
