import type { FlowActions } from '../model/action.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { FlowMatch } from '../model/match.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { FlowView } from './fact.ts';
import type { SliceDefinition, SliceMember } from './slice.ts';
import { holdsSubnet, parseSubnet, type Subnet } from './subnet.ts';

/** Which declared slice a flow belongs to: the first of which a member fits. */
export class SliceMembership {
  readonly slices: readonly SliceDefinition[];
  readonly #byName: ReadonlyMap<string, SliceDefinition>;
  readonly #subnets: ReadonlyMap<string, Subnet>;
  /** What was worked out, by row, and what of: as long as that is the same, so is the slice. */
  readonly #names: (string | undefined)[] = [];
  readonly #matches: FlowMatch[] = [];
  readonly #actions: FlowActions[] = [];
  #ports: PortSnapshot | undefined;
  #table: FlowTable | undefined;

  constructor(slices: readonly SliceDefinition[]) {
    this.slices = slices;
    this.#byName = new Map(slices.map((s) => [s.name, s]));
    const subnets = slices.flatMap((s) => s.members.flatMap((m) => m.subnet ?? []));
    this.#subnets = new Map(
      subnets.flatMap((text) => {
        const subnet = parseSubnet(text);
        return subnet === undefined ? [] : [[text, subnet]];
      }),
    );
  }

  /** The declared slice called `name`. */
  named(name: string | undefined): SliceDefinition | undefined {
    return name === undefined ? undefined : this.#byName.get(name);
  }

  /** Name of the slice of the flow that `view` looks at; undefined when none declares it. */
  of(view: FlowView): string | undefined {
    if (this.slices.length === 0) return undefined;
    const { table, context, row } = view;
    if (context.ports !== this.#ports || table !== this.#table) this.#forget(table, context.ports);
    const match = table.matchAt(row);
    const actions = table.actionsAt(row);
    if (this.#matches[row] !== match || this.#actions[row] !== actions) {
      this.#matches[row] = match;
      this.#actions[row] = actions;
      this.#names[row] = this.slices.find((s) => s.members.some((m) => this.#fits(m, view)))?.name;
    }
    return this.#names[row];
  }

  #forget(table: FlowTable, ports: PortSnapshot): void {
    this.#table = table;
    this.#ports = ports;
    this.#matches.length = 0;
    this.#actions.length = 0;
    this.#names.length = 0;
  }

  #fits(member: SliceMember, view: FlowView): boolean {
    const { port, vm, vlan, subnet } = member;
    if (
      port !== undefined &&
      ![view.table.matchAt(view.row).inPort, view.outPorts[0]].includes(port)
    ) {
      return false;
    }
    if (vm !== undefined && view.inPort?.vm !== vm && view.outPort?.vm !== vm) return false;
    if (vlan !== undefined && view.match.vlanId !== vlan) return false;
    return subnet === undefined || this.#liesIn(subnet, [view.match.ipSrc, view.match.ipDst]);
  }

  #liesIn(text: string, addresses: readonly (string | undefined)[]): boolean {
    const outer = this.#subnets.get(text);
    return addresses.some((address) => {
      const inner = address === undefined ? undefined : parseSubnet(address);
      return outer !== undefined && inner !== undefined && holdsSubnet(outer, inner);
    });
  }
}
