import type { FlowView } from '../model/fact.ts';
import type { SliceDefinition, SliceMember } from '../model/slice.ts';
import { containsSubnet, parseSubnet, type Subnet } from '../model/subnet.ts';

/** Finds the declared slice of a flow: the first with a matching member. */
export class SliceMembership {
  readonly slices: readonly SliceDefinition[];
  readonly #byName: ReadonlyMap<string, SliceDefinition>;
  readonly #subnets: ReadonlyMap<string, Subnet>;

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

  /** The declared slice with this name. */
  named(name: string | undefined): SliceDefinition | undefined {
    return name === undefined ? undefined : this.#byName.get(name);
  }

  /** Name of the declared slice of the view's flow; undefined if none matches. */
  of(view: FlowView): string | undefined {
    return this.slices.find((s) => s.members.some((m) => this.#matches(m, view)))?.name;
  }

  #matches(member: SliceMember, view: FlowView): boolean {
    const { port, vm, vlan, subnet } = member;
    if (
      port !== undefined &&
      ![view.table.matchAt(view.row).inPort, view.outPorts[0]].includes(port)
    ) {
      return false;
    }
    if (vm !== undefined && view.inPort?.vm !== vm && view.outPort?.vm !== vm) return false;
    if (vlan !== undefined && view.match.vlanId !== vlan) return false;
    if (subnet === undefined) return true;
    const { srcSubnet, dstSubnet } = view.match;
    return this.#contains(subnet, srcSubnet) || this.#contains(subnet, dstSubnet);
  }

  #contains(text: string, inner: Subnet | undefined): boolean {
    const outer = this.#subnets.get(text);
    return outer !== undefined && inner !== undefined && containsSubnet(outer, inner);
  }
}
