import type { FlowActions } from '../../engine/model/action.ts';
import {
  type FieldMatch,
  type FieldName,
  fieldOf,
  type FlowMatch,
} from '../../engine/model/match.ts';
import { formatIpv4, formatIpv6 } from './address.ts';
import { bitsSet } from './region.ts';
import { prefixLength, type Subnet } from './subnet.ts';

/** Facts of a flow's match itself; computed on access, because most rules use one or two. */
export class MatchFacts {
  readonly #match: FlowMatch;

  constructor(match: FlowMatch) {
    this.#match = match;
  }

  get matchedBits(): number {
    return this.#match.fields.reduce((bits, field) => bits + bitsSet(field.mask), 0);
  }

  get matchedFields(): readonly FieldName[] {
    return this.#match.fields.map((f) => f.field);
  }

  get opaque(): boolean {
    return this.#match.opaque.length > 0;
  }

  /** Address or prefix of either family, as `10.0.0.1` or `10.0.0.0/8`. */
  get ipSrc(): string | undefined {
    return subnetText(this.srcSubnet);
  }

  get ipDst(): string | undefined {
    return subnetText(this.dstSubnet);
  }

  /** {@link ipSrc} as a subnet. */
  get srcSubnet(): Subnet | undefined {
    return subnetOf(fieldOf(this.#match, 'ipv4_src') ?? fieldOf(this.#match, 'ipv6_src'));
  }

  get dstSubnet(): Subnet | undefined {
    return subnetOf(fieldOf(this.#match, 'ipv4_dst') ?? fieldOf(this.#match, 'ipv6_dst'));
  }
}

/** Caches output ports by actions object. */
export class OutputCache {
  readonly #outputs = new WeakMap<FlowActions, readonly string[]>();

  /** Output ports of the actions, in order. */
  of(actions: FlowActions): readonly string[] {
    let ports = this.#outputs.get(actions);
    if (ports === undefined) {
      ports = actions.flatMap((a) => (a.kind === 'output' ? [a.port] : []));
      this.#outputs.set(actions, ports);
    }
    return ports;
  }
}

/** Undefined if the mask is not a prefix. */
function subnetOf(f: FieldMatch | undefined): Subnet | undefined {
  if (f === undefined) return undefined;
  const length = prefixLength(f.mask);
  return length === undefined ? undefined : { bytes: f.value, length };
}

function subnetText(subnet: Subnet | undefined): string | undefined {
  if (subnet === undefined) return undefined;
  const { bytes, length } = subnet;
  const address = bytes.length === 4 ? formatIpv4(bytes) : formatIpv6(bytes);
  return length === bytes.length * 8 ? address : `${address}/${length}`;
}
