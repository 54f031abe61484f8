import { Counter, Gauge, type Registry } from 'prom-client';

/** The channels to guests, as the metrics need them. */
export interface GuestNumbers {
  /** The channel of each guest now. */
  status(): readonly { readonly state: string; readonly hasLease: boolean }[];
  /** Connections that have ended since the start, by reason, also those of guests that are gone. */
  readonly ended: ReadonlyMap<string, number>;
}

/**
 * Registers the metrics of the channels to guests.
 *
 * @param states all states, so that each has a series
 * @param reasons all reasons for the end of a connection
 * @param guests undefined: there are no channels
 */
export function registerGuestMetrics(
  registry: Registry,
  states: readonly string[],
  reasons: readonly string[],
  guests: GuestNumbers | undefined,
): void {
  const registers = [registry];
  const channels: Gauge = new Gauge({
    name: 'norikae_guest_channels',
    help: 'Channels to guests, by state: connected (an agent has answered), waiting (no agent has), unreachable (the socket cannot be connected to).',
    labelNames: ['state'],
    registers,
    collect: () => {
      const now = guests?.status() ?? [];
      for (const state of states) {
        channels.set({ state }, now.filter((guest) => guest.state === state).length);
      }
    },
  });
  const leases: Gauge = new Gauge({
    name: 'norikae_guest_leases',
    help: 'Guests whose transmit rules have a lease.',
    registers,
    collect: () => {
      leases.set(guests?.status().filter(({ hasLease }) => hasLease).length ?? 0);
    },
  });
  const ended: Counter = new Counter({
    name: 'norikae_guest_connections_ended_total',
    help: 'Connections to the agents of guests that have ended, and attempts, by reason: violation (of the protocol), no-reply, disconnected, restarted, version.',
    labelNames: ['reason'],
    registers,
    collect: () => {
      ended.reset();
      for (const reason of reasons) ended.inc({ reason }, guests?.ended.get(reason) ?? 0);
    },
  });
}
