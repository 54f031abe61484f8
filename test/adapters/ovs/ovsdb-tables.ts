/** Rows as ovsdb-server sends them (RFC 7047, section 5.1). */

type Row = Readonly<Record<string, unknown>>;

/** A uuid that is made of a name. */
export function uuid(name: string): string {
  const hex = Buffer.from(name).toString('hex').padStart(12, '0').slice(-12);
  return `00000000-0000-0000-0000-${hex}`;
}

export function map(entries: Readonly<Record<string, string>>): unknown {
  return ['map', Object.entries(entries)];
}

/** A row of Interface; columns that are not given are empty. */
export function interfaceRow(name: string, columns: Row): Row {
  return {
    name,
    type: '',
    ifindex: ['set', []],
    mac_in_use: ['set', []],
    link_speed: ['set', []],
    ofport: ['set', []],
    external_ids: map({}),
    ingress_policing_rate: 0,
    ...columns,
  };
}

/** One port of bridge br0. */
export interface PortRow {
  readonly name: string;
  readonly row: Row;
  /** What the uuid of the Interface row is made of; the name when left out. */
  readonly id?: string;
  /** external_ids of the Port. */
  readonly portIds?: Readonly<Record<string, string>>;
  /** Its qos, as a reference or a set of none or one; none when left out. */
  readonly qos?: unknown;
}

/**
 * The whole of the monitored tables, as the first reply to `monitor`.
 *
 * @param datapathType of bridge br0
 */
export function tables(ports: readonly PortRow[], datapathType = ''): Row {
  const portId = (port: PortRow): string => uuid(`P${port.name}`);
  const fresh = (row: Row): Row => ({ new: row });
  return {
    Bridge: {
      [uuid('br0')]: fresh({
        name: 'br0',
        ports: ['set', ports.map((p) => ['uuid', portId(p)])],
        datapath_type: datapathType,
      }),
    },
    Port: Object.fromEntries(
      ports.map((p) => [
        portId(p),
        fresh({
          interfaces: ['uuid', uuid(p.id ?? p.name)],
          external_ids: map(p.portIds ?? {}),
          qos: p.qos ?? ['set', []],
        }),
      ]),
    ),
    Interface: Object.fromEntries(ports.map((p) => [uuid(p.id ?? p.name), fresh(p.row)])),
  };
}

/** The update after a port of bridge br0 was deleted; `left`: the other ports. */
export function deletionOf(name: string, left: readonly string[]): Row {
  const ports = left.map((other) => ['uuid', uuid(`P${other}`)]);
  return {
    Bridge: { [uuid('br0')]: { old: {}, new: { ports: ['set', ports] } } },
    Port: { [uuid(`P${name}`)]: { old: {} } },
    Interface: { [uuid(name)]: { old: {} } },
  };
}
