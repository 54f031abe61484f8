import type { Contender } from './algorithm.ts';
import { elephantTrap } from './algorithms/elephant-trap.ts';
import { HHF } from './algorithms/hhf.ts';
import { lfu } from './algorithms/lfu.ts';
import { LRU } from './algorithms/lru.ts';
import { OVS_REBALANCER } from './algorithms/ovs-rebalancer.ts';
import { PLAIN_OVS } from './algorithms/plain-ovs.ts';
import { SFLOW_ELEPHANTS, TUNED_ELEPHANTS } from './algorithms/sflow-elephants.ts';
import { topK } from './algorithms/top-k.ts';
import { NORIKAE, NORIKAE_PACKETS } from './norikae.ts';

/** All that is compared: our own first, then the field's. */
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
