import type { Algorithm } from '../game/algorithm.ts';

/**
 * Open vSwitch with hw-offload alone: each flow is offered to the NIC when it is new, first come,
 * first served. One that found the table full stays on the vSwitch for good (dpif_offload: a flow
 * put that fails with ENOSPC is made in the kernel instead, and not tried again). An entry goes
 * when its flow has been idle for 10 s.
 */
export const PLAIN_OVS: Algorithm = {
  name: 'ovs',
  create: () => ({
    // Idle flows leave by themselves: the vSwitch drops them for every algorithm.
    decide: ({ born, table }) => {
      for (const flow of born) table.place(flow);
    },
  }),
};
