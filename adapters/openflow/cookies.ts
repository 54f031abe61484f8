import type { FlowId } from '../../engine/model/flow-id.ts';

/**
 * Cookies of our rules: a tag in the upper 16 bits says whose they are, one bit what kind, and 47
 * bits of the flow's id which. A flow id is a hash, so two flows hardly ever share those bits; the
 * second one of such a pair is refused.
 */
export class Cookies {
  /** What all of our cookies share, and where. */
  readonly tag: bigint;
  readonly tagMask = 0xffff_0000_0000_0000n;

  /** @param tag 16 bits */
  constructor(tag: number) {
    this.tag = BigInt(tag & 0xffff) << 48n;
  }

  /** Cookie of a flow's rule. */
  ofRule(id: FlowId): bigint {
    return this.tag | ((BigInt(id.w0 >>> 0) << 15n) | BigInt(id.w1 >>> 17));
  }

  /** Cookie of the rule that gives a flow its heartbeat. */
  ofHeartbeat(ruleCookie: bigint): bigint {
    return ruleCookie | HEARTBEAT;
  }

  /** True for every rule that is ours. */
  areOurs(cookie: bigint): boolean {
    return (cookie & this.tagMask) === this.tag;
  }

  /** The bits that tell rules of flows from all else, heartbeats included: their value is `tag`. */
  get ruleMask(): bigint {
    return this.tagMask | HEARTBEAT;
  }

  isHeartbeat(cookie: bigint): boolean {
    return (cookie & HEARTBEAT) !== 0n;
  }
}

const HEARTBEAT = 1n << 47n;
