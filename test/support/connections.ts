import type { PacketHeaders } from '../../engine/model/connection.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type {
  ConnectionMeter,
  MeterReading,
  MeterSink,
  TunnelEndpoint,
  UncountedPort,
} from '../../engine/ports/connection-meter.ts';
import type {
  ConnectionTracker,
  FoundConnection,
  SequenceChecks,
  TrackerCost,
} from '../../engine/ports/connection-tracker.ts';
import type { ChainResolver, Resolution } from '../../engine/connections/resolver.ts';
import { anyFrom, flowId, outputTo } from './flows.ts';

/** A connection as a {@link FakeMeter} reports it. */
export interface Metered {
  /** Last word of its id. */
  readonly n: number;
  /** Port by which it enters. */
  readonly inPort: string;
  packets: number;
  bytes: number;
  ageMs: number;
  idleMs: number;
}

/** Reports the connections of a list. */
export class FakeMeter implements ConnectionMeter {
  readonly name = 'fake meter';
  connections: Metered[] = [];
  /** Headers asked for, since the start. */
  headersRead = 0;
  fails = false;
  uncounted: readonly UncountedPort[] = [];
  /** Of each call, in order. */
  readonly tunnels: (readonly TunnelEndpoint[])[] = [];

  async portsChanged(): Promise<void> {}

  async tunnelsChanged(endpoints: readonly TunnelEndpoint[]): Promise<void> {
    this.tunnels.push(endpoints);
  }

  ports(): ReadonlySet<string> {
    return new Set();
  }

  uncountedPorts(): readonly UncountedPort[] {
    return this.uncounted;
  }

  async read(sink: MeterSink): Promise<MeterReading> {
    if (this.fails) throw new Error('the meter is out of order');
    for (const { n, inPort, packets, bytes, ageMs, idleMs } of this.connections) {
      const headers = (): PacketHeaders => {
        this.headersRead++;
        return { inPort, values: { tcp_src: new Uint8Array([n >> 8, n & 0xff]) } };
      };
      sink.metered(CONNECTION, 0, 0, n, packets, bytes, ageMs, idleMs, headers);
    }
    return { connections: this.connections.length, forgotten: 0, sampling: 1 };
  }

  async close(): Promise<void> {}
}

/** First word of the ids of connections: no megaflow of `support/flows.ts` has it. */
export const CONNECTION = 0xc0ff_ee00;

/** A tracker without connections. */
export class FakeTracker implements ConnectionTracker {
  readonly name = 'fake tracker';
  fails = false;
  refreshes = 0;

  async refresh(): Promise<TrackerCost> {
    if (this.fails) throw new Error('conntrack cannot be read');
    this.refreshes++;
    return { sourceMs: 3, connections: 0, skipped: 0, firstSkipped: undefined };
  }

  find(): FoundConnection | undefined {
    return undefined;
  }

  async sequenceChecks(): Promise<SequenceChecks> {
    return 'off';
  }

  async close(): Promise<void> {}
}

/** Resolves each connection that enters by `vmN` to one output, by megaflow N. */
export class FakeResolver implements ChainResolver {
  #isTracked = false;
  /** Where the packets of each connection leave. */
  output = 'uplink';

  follow(_table: FlowTable, checks: SequenceChecks | undefined): void {
    this.#isTracked = checks !== undefined;
  }

  entry({ inPort }: PacketHeaders): FlowId {
    return flowId(Number(inPort.slice(2)));
  }

  resolve({ inPort }: PacketHeaders): Resolution {
    const chain = [flowId(Number(inPort.slice(2)))];
    const match = anyFrom(inPort);
    const refusal = { code: 'not-tracked', detail: 'not tracked' } as const;
    return this.#isTracked
      ? { match, actions: outputTo(this.output), chain, tracked: [], refusal: undefined }
      : { match, actions: [{ kind: 'opaque', text: 'not tracked' }], chain, tracked: [], refusal };
  }
}
