import type { FlowId } from '../../engine/model/flow-id.ts';

/**
 * Cookies of our rules: the upper 16 bits are the tag of the owner, one bit is the kind, and 47
 * bits are from the flow's id. A flow id is a hash, so two flows rarely share those bits; the
 * second one of such a pair is refused.
 */
export class Cookies {
  /** The value that all our cookies share, and its mask. */
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

  /** Cookie of the heartbeat rule of a flow. */
  ofHeartbeat(ruleCookie: bigint): bigint {
    return ruleCookie | HEARTBEAT;
  }

  /** True for every rule that is ours. */
  areOurs(cookie: bigint): boolean {
    return (cookie & this.tagMask) === this.tag;
  }

  /**
   * Mask that distinguishes rules of flows from all others, including heartbeats: their value is
   * `tag`.
   */
  get ruleMask(): bigint {
    return this.tagMask | HEARTBEAT;
  }

  isHeartbeat(cookie: bigint): boolean {
    return (cookie & HEARTBEAT) !== 0n;
  }
}

const HEARTBEAT = 1n << 47n;
