import type { Contender } from '../game/algorithm.ts';
import { admissionAfter, admissionBySampling } from './admission.ts';
import { elephantTrap } from './elephant-trap.ts';
import { firstPacket } from './first-packet.ts';
import { HHF } from './hhf.ts';
import { lfu } from './lfu.ts';
import { LRU } from './lru.ts';
import { mediatekPpe } from './mediatek-ppe.ts';
import { NORIKAE, NORIKAE_PACKETS } from './norikae.ts';
import { OVS_REBALANCER } from './ovs-rebalancer.ts';
import { optimisticLeader, perturbedLeader } from './perturbed-leader.ts';
import { PLAIN_OVS } from './plain-ovs.ts';
import { s3Fifo } from './s3-fifo.ts';
import { s3Lru } from './s3-lru.ts';
import { SFLOW_ELEPHANTS, TUNED_ELEPHANTS } from './sflow-elephants.ts';
import { sieve } from './sieve.ts';
import { topK } from './top-k.ts';
import { wTinyLfu } from './w-tiny-lfu.ts';

const UNITS = ['bytes', 'packets'] as const;

/** All algorithms to compare: ours first, then those of the literature. */
export const ALGORITHMS: readonly Contender[] = [
  NORIKAE,
  NORIKAE_PACKETS,
  ...UNITS.map((unit) => topK(unit)),
  lfu(),
  LRU,
  elephantTrap(),
  PLAIN_OVS,
  OVS_REBALANCER,
  SFLOW_ELEPHANTS,
  TUNED_ELEPHANTS,
  HHF,
  ...UNITS.flatMap((unit) => [
    perturbedLeader(unit),
    optimisticLeader(unit),
    admissionAfter(unit),
    admissionBySampling(unit),
    s3Lru(unit),
    wTinyLfu(unit),
    s3Fifo(unit),
    sieve(unit),
    mediatekPpe(unit),
    firstPacket(unit),
  ]),
];
