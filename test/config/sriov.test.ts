import assert from 'node:assert/strict';
import { ConfigError } from '../../config/config-error.ts';
import { parseConfig } from '../../config/load-config.ts';

const FILE = '/etc/norikae/norikae.json';

interface Sections {
  readonly backend?: string;
  readonly guests?: string;
  readonly sriov?: string;
}

function textOf({ backend = '{"adapter": "vf"}', guests = '{}', sriov }: Sections): string {
  const parts = ['"node": {"adapter": "ovs"}', `"backend": ${backend}`, '"policies": ["p.json"]'];
  if (guests !== '') parts.push(`"guests": ${guests}`);
  if (sriov !== undefined) parts.push(`"sriov": ${sriov}`);
  return `{${parts.join(', ')}}`;
}

const vm = (n: number, rest = ''): string =>
  `{"port": "vnet${n}", "guest": "vm${n}", "vf": ${n}, "vfMac": "02:0f:00:00:00:0${n}"${rest}}`;
const nic = (vms: string, rest = ''): string => `{"uplink": "eth0", "vms": [${vms}]${rest}}`;

/** Every problem of a configuration. */
function problemsOf(sections: Sections): readonly string[] {
  try {
    parseConfig(textOf(sections), FILE);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ message }) => message);
  }
  return [];
}

describe('configuration of virtual functions', () => {
  it('has defaults, which trust no guest', () => {
    const { sriov } = parseConfig(textOf({ sriov: nic(vm(1)) }), FILE);
    assert.equal(sriov?.steering, 'mac');
    assert.equal(sriov.addressesAreUnique, false);
    assert.match(sriov.journal, /^\/.*\/sriov\.journal$/);
    assert.deepEqual(sriov.vms, [
      {
        port: 'vnet1',
        guest: 'vm1',
        vf: 1,
        vfMac: '02:0f:00:00:00:01',
        vlan: 0,
        maxTxMbps: 0,
        trustGuest: false,
      },
    ]);
    assert.equal(parseConfig(textOf({ backend: '{}' }), FILE).sriov, undefined);
  });

  it('needs the channels to the guests and the NIC, and is needed by the backend alone', () => {
    const sriov = nic(vm(1));
    assert.match(problemsOf({ guests: '', sriov }).join(), /needs the section "guests"/);
    assert.match(problemsOf({}).join(), /needs the section "sriov"/);
    assert.match(problemsOf({ backend: '{}', sriov }).join(), /only with "backend.adapter": "vf"/);
  });

  it('leaves guests time to return to the vSwitch', () => {
    const backend = '{"adapter": "vf", "leaseMs": 499}';
    assert.match(problemsOf({ backend, sriov: nic(vm(1)) }).join(), /must be at least 500/);
  });

  it('steers by receive filters only where addresses are unique', () => {
    const ntuple = '"steering": "ntuple"';
    assert.match(problemsOf({ sriov: nic(vm(1), `, ${ntuple}`) }).join(), /addressesAreUnique/);
    const unique = nic(vm(1), `, ${ntuple}, "addressesAreUnique": true`);
    assert.deepEqual(problemsOf({ sriov: unique }), []);
  });

  it('has a port, a guest, a VF and an address for each VM alone', () => {
    assert.deepEqual(problemsOf({ sriov: nic(`${vm(1)}, ${vm(2)}`) }), []);
    const twice = problemsOf({ sriov: nic(`${vm(1)}, ${vm(1)}`) });
    assert.deepEqual(twice, [
      'another VM has vnet1, too',
      'another VM has vm1, too',
      'another VM has 1, too',
      'another VM has 02:0f:00:00:00:01, too',
    ]);
    const wrong = nic(vm(1).replace('02:0f:00:00:00:01', '02-0F-00-00-00-01'));
    assert.equal(problemsOf({ sriov: wrong }).length, 1);
  });
});
