import type { PortInfo } from '../../engine/model/port.ts';
import type { JsonPath } from '../../text/json-document.ts';
import type { Series } from './series.ts';
import type { TestCase, TestDocument, TestPort } from './test-document.ts';
import type { ValueReader } from './value-reader.ts';

/** A port with its load over time, bits/s. */
export interface ScenarioPort {
  readonly info: PortInfo;
  readonly rx: Series | undefined;
  readonly tx: Series | undefined;
}

const DEFAULT_PORTS: Readonly<Record<string, TestPort>> = {
  vm1: { kind: 'vm', vm: 'vm1' },
  uplink0: { kind: 'uplink', linkBitsPerSecond: 10e9 },
};

/** The ports of a test: default ports, those of its file, and those of the test. */
export function portsOf(
  file: TestDocument,
  test: TestCase,
  path: JsonPath,
  read: ValueReader,
): readonly ScenarioPort[] {
  const all = { ...DEFAULT_PORTS, ...file.ports, ...test.ports };
  return Object.entries(all).map(([name, port], i) => {
    const own = test.ports !== undefined && Object.hasOwn(test.ports, name);
    const at = own ? [...path, 'ports', name] : ['ports', name];
    const load = (key: 'rxBitsPerSecond' | 'txBitsPerSecond') => {
      const value = port[key];
      return value === undefined ? undefined : read.series([...at, key], value, 'bit/s');
    };
    const { kind, vm, slice, linkBitsPerSecond: link } = port;
    const linkBitsPerSecond =
      link === undefined ? undefined : read.number([...at, 'linkBitsPerSecond'], link, 'bit/s');
    const uuid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
    return {
      info: {
        name,
        uuid,
        ifindex: i + 1,
        bridge: 'br0',
        kind,
        mac: undefined,
        vm,
        slice,
        linkBitsPerSecond,
        shaped: false,
        policed: false,
      },
      rx: load('rxBitsPerSecond'),
      tx: load('txBitsPerSecond'),
    };
  });
}
