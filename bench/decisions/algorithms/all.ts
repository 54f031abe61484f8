import type { Contender } from '../game/algorithm.ts';
import { elephantTrap } from './elephant-trap.ts';
import { HHF } from './hhf.ts';
import { lfu } from './lfu.ts';
import { LRU } from './lru.ts';
import { OVS_REBALANCER } from './ovs-rebalancer.ts';
import { PLAIN_OVS } from './plain-ovs.ts';
import { SFLOW_ELEPHANTS, TUNED_ELEPHANTS } from './sflow-elephants.ts';
import { topK } from './top-k.ts';
import { NORIKAE, NORIKAE_PACKETS } from './norikae.ts';

/** All algorithms to compare: ours first, then those of the literature. */
export const ALGORITHMS: readonly Contender[] = [
  NORIKAE,
  NORIKAE_PACKETS,
  topK('bytes'),
  topK('packets'),
  lfu(),
  LRU,
  elephantTrap(),
  PLAIN_OVS,
  OVS_REBALANCER,
  SFLOW_ELEPHANTS,
  TUNED_ELEPHANTS,
  HHF,
];
