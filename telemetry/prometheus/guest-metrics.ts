import { Counter, Gauge, type Registry } from 'prom-client';

/** The channel of one guest. */
export interface GuestNumbers {
  readonly state: string;
  readonly hasLease: boolean;
  /** Connections that have ended since the start, by reason. */
  readonly ended: ReadonlyMap<string, number>;
}

/**
 * Registers the metrics of the channels to guests.
 *
 * @param states all states, so that each has a series
 * @param reasons all reasons for the end of a connection
 * @param guests the channels now
 */
export function registerGuestMetrics(
  registry: Registry,
  states: readonly string[],
  reasons: readonly string[],
  guests: () => readonly GuestNumbers[],
): void {
  const registers = [registry];
  const channels: Gauge = new Gauge({
    name: 'norikae_guest_channels',
    help: 'Channels to guests, by state: connected (an agent has answered), waiting (no agent has), unreachable (the socket cannot be connected to).',
    labelNames: ['state'],
    registers,
    collect: () => {
      const now = guests();
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
      leases.set(guests().filter(({ hasLease }) => hasLease).length);
    },
  });
  const ended: Counter = new Counter({
    name: 'norikae_guest_connections_ended_total',
    help: 'Connections to the agents of guests that have ended, and attempts, by reason: violation (of the protocol), no-reply, disconnected, restarted, version.',
    labelNames: ['reason'],
    registers,
    collect: () => {
      const now = guests();
      ended.reset();
      for (const reason of reasons) {
        ended.inc(
          { reason },
          now.reduce((sum, of) => sum + (of.ended.get(reason) ?? 0), 0),
        );
      }
    },
  });
}
