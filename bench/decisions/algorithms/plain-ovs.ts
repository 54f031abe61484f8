import type { Algorithm } from '../game/algorithm.ts';

/**
 * Open vSwitch with hw-offload alone: each flow is offered to the NIC when it is new, first come,
 * first served. A refused flow stays on the vSwitch (dpif_offload: a flow put that fails with
 * ENOSPC goes to the kernel datapath and is not tried again). An entry is removed when its flow has
 * been idle for 10 s.
 */
export const PLAIN_OVS: Algorithm = {
  name: 'ovs',
  create: () => ({
    // Nothing to do for idle flows: the vSwitch deletes them for every algorithm.
    decide: ({ born, table }) => {
      for (const flow of born) table.place(flow);
    },
  }),
};
