import { OvsdbValueError } from '../../protocols/ovsdb/errors.ts';
import { parseOvsdbAddress } from '../../protocols/ovsdb/address.ts';
import type { Replica } from '../../protocols/ovsdb/replica.ts';
import { runSession } from '../../protocols/ovsdb/session.ts';
import { mapOf, textOf } from '../../protocols/ovsdb/values.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import { asError } from '../../text/error-message.ts';
import { datapathOf, MONITORED_COLUMNS, NEWER_PORT_COLUMNS, portsOf } from './port-info.ts';

/** The configuration of Open vSwitch at one moment. */
export interface SwitchReading {
  readonly bridges: readonly Bridge[];
  /** By name, without the limits that OpenFlow rules set. */
  readonly ports: ReadonlyMap<string, PortInfo>;
  /** `other_config` of the Open_vSwitch table, such as `hw-offload`. */
  readonly settings: ReadonlyMap<string, string>;
}

export interface Bridge {
  readonly name: string;
  /** As in OVSDB; empty for the default. */
  readonly datapathType: string;
  /** Left out: not known. */
  readonly datapath?: PortInfo['datapath'];
}

export interface SwitchReadingOptions {
  /** OVSDB: `unix:PATH`, a path, or `tcp:HOST:PORT`. */
  readonly socket: string;
  /** Longest time for the whole reading, ms. */
  readonly timeoutMs: number;
  /** Whether ports of bridges that export their traffic are like others. */
  readonly ignoreExports: boolean;
}

/**
 * Reads the configuration once.
 *
 * @throws OvsdbAddressError and the errors of a session
 */
export async function readSwitch(options: SwitchReadingOptions): Promise<SwitchReading> {
  const { socket, timeoutMs, ignoreExports } = options;
  const done = new AbortController();
  let reading: SwitchReading | undefined;
  try {
    return await runSession(
      {
        address: parseOvsdbAddress(socket),
        name: socket,
        database: 'Open_vSwitch',
        tables: MONITORED_COLUMNS,
        newer: NEWER_PORT_COLUMNS,
        timeoutMs,
        firstReplyMs: timeoutMs,
      },
      (replica) => {
        reading ??= readingOf(replica, ignoreExports);
        done.abort();
      },
      done.signal,
    );
  } catch (error) {
    if (reading !== undefined) return reading;
    throw asError(error);
  }
}

function readingOf(replica: Replica, ignoreExports: boolean): SwitchReading {
  const [root] = replica.table('Open_vSwitch').values();
  const bridges = Array.from(replica.table('Bridge').values(), (row) => {
    const name = textOf(row['name']);
    if (name === undefined) throw new OvsdbValueError('the name of a Bridge', row['name']);
    const datapathType = textOf(row['datapath_type']) ?? '';
    const datapath = datapathOf(datapathType);
    return { name, datapathType, ...(datapath === undefined ? {} : { datapath }) };
  });
  return {
    bridges,
    ports: portsOf(replica, () => undefined, ignoreExports),
    settings: mapOf(root?.['other_config']),
  };
}
