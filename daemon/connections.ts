import { join } from 'node:path';
import { PacketMeter } from '../adapters/nic/meter/packet-meter.ts';
import { TimeoutPolicies } from '../adapters/ovs/conntrack/timeout-policies.ts';
import { KernelConnectionTracker } from '../adapters/ovs/kernel/conntrack/tracker.ts';
import { OvsConnectionTracker } from '../adapters/ovs/conntrack/tracker.ts';
import type { Config, ConnectionsConfig } from '../config/config.ts';
import { ConnectionRows } from '../engine/connections/connection-rows.ts';
import { ConnectionSource } from '../engine/connections/connection-source.ts';
import { MegaflowResolver } from '../engine/connections/megaflow-resolver.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { FlowSource } from '../engine/ports/flow-source.ts';
import type { PortDirectory } from '../engine/ports/port-directory.ts';
import { packageRoot } from '../platform/package-root.ts';
import type { Log } from '../platform/log.ts';
import { errorMessage } from '../text/error-message.ts';
import { PortsFollower } from './ports-follower.ts';

/** Parts of the node that connections are made of. */
export interface ConnectionParts {
  readonly config: Pick<Config, 'node' | 'backend' | 'onExit'>;
  readonly connections: ConnectionsConfig;
  /** The vSwitch's megaflows. */
  readonly flows: FlowSource;
  readonly ports: PortDirectory;
  readonly clock: Clock;
  readonly log: Log;
}

/** A node's connections that have rows of their own. */
export interface NodeConnections {
  /** The vSwitch's megaflows, and the connections within them. */
  readonly source: ConnectionSource;
  readonly rows: ConnectionRows;
}

/** Creates the source of a node's megaflows and connections. Nothing is attached yet. */
export function withConnections(parts: ConnectionParts): NodeConnections {
  const { config, connections, flows, ports, clock, log } = parts;
  const { runDir, database, datapath, readFlowsFrom, timeoutMs } = config.node.ovs;
  const { adapter, pinPath, ports: only } = config.backend;
  const meter = new PacketMeter({
    pinPath,
    objectPath: join(packageRoot(), 'dist/adapters/nic/meter/norikae.bpf.o'),
    connections: connections.counted,
    forgetAfterMs: connections.idleMs,
    // A program at tcx would run before the filters.
    ...(adapter === 'cls_bpf' ? { hook: adapter } : {}),
    ...(only === undefined ? {} : { ports: only }),
  });
  const tracker =
    readFlowsFrom === 'kernel'
      ? new KernelConnectionTracker({ timeoutMs })
      : new OvsConnectionTracker({
          runDir,
          datapath,
          timeoutMs,
          timeouts: new TimeoutPolicies({ database, timeoutMs }),
        });
  const rows = new ConnectionRows();
  const resolver = new MegaflowResolver(tracker, (row) => rows.at(row) !== undefined);
  const follower = new PortsFollower(async (snapshot) => {
    try {
      await meter.portsChanged(snapshot);
      for (const { name: port, why } of meter.uncountedPorts()) {
        log.warn({ port, why }, 'connections of a port cannot be counted');
      }
    } catch (error) {
      log.warn({ error: errorMessage(error) }, 'connections cannot be counted');
      throw error;
    }
  });
  ports.subscribe((snapshot) => follower.changed(snapshot));
  follower.changed(ports.current());
  const { max: maxConnections, idleMs } = connections;
  const sources = { flows, meter, tracker, resolver, rows, clock };
  return {
    source: new ConnectionSource({ ...sources, maxConnections, idleMs, onExit: config.onExit }),
    rows,
  };
}
