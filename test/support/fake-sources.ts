import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { FlowSource, ReadCost } from '../../engine/ports/flow-source.ts';
import type { HostSample, HostSource } from '../../engine/ports/host-source.ts';
import type { PortDirectory } from '../../engine/ports/port-directory.ts';
import { anyFrom, flowId, outputTo, type Seen } from './flows.ts';

/** Settles only when its signal aborts. */
export function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });
}

/** A source with flows and faults set by a test. */
export class FakeFlowSource implements FlowSource {
  readonly name = 'flows';
  flows: readonly Seen[] = [];
  /** Time since the last packet of each flow on the vSwitch, ms. */
  idleMs = 0;
  costMs = 1;
  fault: 'none' | 'fail' | 'hang' = 'none';
  /** What the source could not do before the next reading. */
  note: string | undefined;
  reads = 0;
  readonly #newFlowListeners = new Set<() => void>();

  onNewFlow(listener: () => void): () => void {
    this.#newFlowListeners.add(listener);
    return () => this.#newFlowListeners.delete(listener);
  }

  /** Reports that flows have appeared. */
  reportNewFlow(): void {
    for (const listener of this.#newFlowListeners) listener();
  }

  async read(table: FlowTable, signal: AbortSignal): Promise<ReadCost> {
    this.reads++;
    for (const { n, packets = 0, bytes = 0, actions } of this.flows) {
      const id = flowId(n);
      let row = table.rowOf(id);
      if (row < 0) row = table.add(id, anyFrom('vm1'), actions ?? outputTo('vm2'));
      else if (actions !== undefined && actions !== table.actionsAt(row)) {
        table.setActions(row, actions);
      }
      table.observe(row, packets, bytes, this.idleMs);
      // Fail after a part of the flows has been written.
      if (this.fault === 'fail') throw new Error('the socket was closed');
      if (this.fault === 'hang') await hang(signal);
    }
    return {
      sourceMs: this.costMs,
      flows: this.flows.length,
      skipped: 0,
      firstSkipped: undefined,
      ...(this.note === undefined ? {} : { note: this.note }),
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A directory without ports, in sync or not. */
export class FakePorts implements PortDirectory {
  synced = true;
  reporting = true;
  switchChanged: () => void = () => undefined;
  #ports: PortSnapshot = new Map();
  #listener: (ports: PortSnapshot) => void = () => undefined;

  current(): PortSnapshot {
    return this.#ports;
  }

  /** Reports the same ports as a new snapshot. */
  portsChanged(): void {
    this.#ports = new Map(this.#ports);
    this.#listener(this.#ports);
  }

  inSync(): boolean {
    return this.synced;
  }

  connected(): boolean {
    return this.reporting;
  }

  subscribe(listener: (ports: PortSnapshot) => void): () => void {
    this.#listener = listener;
    listener(this.current());
    return () => undefined;
  }

  onSwitchChange(listener: () => void): () => void {
    this.switchChanged = listener;
    return () => undefined;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A host with counters and faults set by a test. */
export class FakeHost implements HostSource {
  readonly name = 'host';
  sample: HostSample = { cpu: { total: 0, idle: 0, guest: 0 }, ports: new Map() };
  fault: 'none' | 'fail' | 'hang' = 'none';

  read(_ports: Iterable<string>, signal: AbortSignal): Promise<HostSample> {
    if (this.fault === 'fail') return Promise.reject(new Error('no /proc'));
    if (this.fault === 'hang') return hang(signal);
    return Promise.resolve(this.sample);
  }
}
