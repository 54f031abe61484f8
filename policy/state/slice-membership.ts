import type { Extent } from '../../engine/ports/rule-evaluator.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import { acrossParts, forAllPackets, maxExtent, minExtent } from '../model/extent.ts';
import type { FlowView } from '../model/fact.ts';
import { type Known, Possible, type PossiblePart, UNKNOWN } from '../model/possible.ts';
import { Region } from '../model/region.ts';
import type { SliceDefinition, SliceMember } from '../model/slice.ts';
import { containsSubnet, parseSubnet, type Subnet } from '../model/subnet.ts';

/**
 * Finds the declared slice of a flow: the first with a matching member. A flow belongs to a slice
 * if all its packets do; its packets can belong to others.
 */
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
    return this.slices.find((slice) => this.#extent(slice, view) === 'all')?.name;
  }

  /** Slices to which packets of the view's flow can belong, including that of its port. */
  possible(view: FlowView): Known {
    const parts: PossiblePart[] = [];
    for (const slice of this.slices) {
      const extent = this.#extent(slice, view);
      if (extent !== 'none' && !parts.includes(slice.name)) parts.push(slice.name);
      if (extent === 'all') return parts.length === 1 ? slice.name : new Possible(parts);
    }
    const ofPort = portSlice(view);
    if (parts.length === 0) return ofPort;
    return new Possible(parts.includes(ofPort) ? parts : [...parts, ofPort]);
  }

  #extent({ members }: SliceDefinition, view: FlowView): Extent {
    return maxExtent(members.map((member) => this.#memberExtent(member, view)));
  }

  #memberExtent({ port, vm, vlan, subnet }: SliceMember, view: FlowView): Extent {
    const ports = [view.table.matchAt(view.row).inPort, view.outPorts[0]];
    return minExtent([
      ...(port === undefined ? [] : [forAllPackets(ports.includes(port))]),
      ...(vm === undefined ? [] : [vmExtent(vm, view)]),
      ...(vlan === undefined ? [] : [extentOf(view.packets.vlanId, (part) => isVlan(part, vlan))]),
      ...(subnet === undefined ? [] : [this.#subnetExtent(subnet, view)]),
    ]);
  }

  #subnetExtent(text: string, { packets }: FlowView): Extent {
    const subnet = this.#subnets.get(text);
    if (subnet === undefined) return 'none';
    const within = (part: PossiblePart) => inSubnet(part, subnet);
    return maxExtent([extentOf(packets.ipSrc, within), extentOf(packets.ipDst, within)]);
  }
}

/** Slice of the flow's port; a port that the directory knows without a slice belongs to none. */
function portSlice(view: FlowView): string | undefined | typeof UNKNOWN {
  const port = view.tenantPort;
  if (port !== undefined) return port.slice;
  return view.inPort !== undefined && view.outPorts.length === 0 ? undefined : UNKNOWN;
}

/** Whether the flow comes from or goes to a VM; a port without a VM name may belong to it. */
function vmExtent(vm: string, view: FlowView): Extent {
  const out = view.outPorts.length === 0 ? 'none' : endExtent(vm, view.outPort);
  return maxExtent([endExtent(vm, view.inPort), out]);
}

function endExtent(vm: string, port: PortInfo | undefined): Extent {
  if (port?.vm !== undefined) return forAllPackets(port.vm === vm);
  return port?.kind === 'uplink' || port?.kind === 'internal' ? 'none' : 'some';
}

function extentOf(known: Known, test: (part: PossiblePart) => Extent): Extent {
  return known instanceof Possible ? acrossParts(known.parts.map(test)) : test(known);
}

function isVlan(part: PossiblePart, vlan: number): Extent {
  if (!(part instanceof Region)) return forAllPackets(part === vlan);
  return part.includes(vlan) ? 'some' : 'none';
}

function inSubnet(part: PossiblePart, subnet: Subnet): Extent {
  if (part instanceof Region) return part.inSubnet(subnet);
  const inner = typeof part === 'string' ? parseSubnet(part) : undefined;
  return forAllPackets(inner !== undefined && containsSubnet(subnet, inner));
}
