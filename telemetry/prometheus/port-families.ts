import type { PathUse, TickAccounts } from '../accounts/tick-accounts.ts';
import { familyOf, series, SeriesList } from './series.ts';
import type { MetricFamily } from './text-format.ts';

const bytes = (use: PathUse): number => use.bytes;
const packets = (use: PathUse): number => use.packets;

/** Prometheus metrics of ports: kind, VM and slice, traffic, devices. */
export function portFamilies(a: TickAccounts): readonly MetricFamily[] {
  const read = () => a.ports;
  const directions = new SeriesList(read, ({ name, rx, tx }) => [
    ...rx.map((use) => series({ port: name, direction: 'rx', path: use.path }, use)),
    ...tx.map((use) => series({ port: name, direction: 'tx', path: use.path }, use)),
  ]);
  const links = new SeriesList(read, ({ name, linkBitsPerSecond: link }) =>
    link === undefined ? [] : [series({ port: name }, link)],
  );
  const devices = new SeriesList(read, ({ name }) =>
    (['rx', 'tx'] as const).map((direction) =>
      series({ port: name, direction }, { name, direction }),
    ),
  );
  const info = new SeriesList(read, ({ name, kind, vm, slice }) => [
    series({ port: name, kind, vm, slice }, 1),
  ]);
  return [
    familyOf(
      {
        name: 'norikae_port_info',
        type: 'gauge',
        help: 'Ports of the vSwitch, always 1: kind, VM and slice. Join it with other port metrics on instance and port.',
      },
      info,
      Number,
    ),
    familyOf(
      {
        name: 'norikae_port_traffic_bytes_total',
        type: 'counter',
        help: 'Bytes of the flows that enter by a port (rx) or leave by it (tx), as seen by the vSwitch, by the path that carried them. Traffic to several ports counts for each.',
      },
      directions,
      bytes,
    ),
    familyOf(
      {
        name: 'norikae_port_traffic_packets_total',
        type: 'counter',
        help: 'Packets of the flows that enter by a port (rx) or leave by it (tx), by the path that carried them.',
      },
      directions,
      packets,
    ),
    familyOf(
      {
        name: 'norikae_port_link_bytes_per_second',
        type: 'gauge',
        help: "Speed of the port's link, if its device reports it.",
      },
      links,
      (bitsPerSecond) => bitsPerSecond / 8,
    ),
    {
      name: 'norikae_port_device_bytes_per_second',
      type: 'gauge',
      help: "All traffic that the port's device counts, as a mean between the last two readings of the host.",
      write: (lines) => {
        for (const { labels, of } of devices.all) {
          const load = a.portLoad.get(of.name);
          if (load === undefined) continue;
          const bits = of.direction === 'rx' ? load.rxBitsPerSecond : load.txBitsPerSecond;
          lines.sample('norikae_port_device_bytes_per_second', labels, bits / 8);
        }
      },
    },
  ];
}
