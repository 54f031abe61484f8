import assert from 'node:assert/strict';
import { ConfigError } from '../../config/config-error.ts';
import { parseConfig } from '../../config/load-config.ts';

const FILE = '/etc/norikae/norikae.json';
const NIC = {
  uplink: 'eth0',
  addressesAreUnique: true,
  targets: [{ port: 'vnet1', vf: 0 }],
};

function configOf(adapter: string, receiveFilters?: unknown) {
  const settings = { node: { adapter: 'ovs' }, backend: { adapter }, policies: ['p.json'] };
  return parseConfig(JSON.stringify({ ...settings, receiveFilters }), FILE);
}

/** Every problem of a configuration, as one text. */
function problemsOf(adapter: string, receiveFilters?: unknown): string {
  try {
    configOf(adapter, receiveFilters);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ message }) => message).join('\n');
  }
  return '';
}

describe('configuration of receive filters', () => {
  it('names the NIC, and the virtual function of each port', () => {
    const { receiveFilters } = configOf('ntuple', NIC);
    assert.equal(receiveFilters?.uplink, 'eth0');
    assert.deepEqual(receiveFilters.targets, [{ port: 'vnet1', vf: 0, queue: 0 }]);
    assert.match(receiveFilters.journal, /^\/.*\/receive-filters\.journal$/);
  });

  it('is needed by the backend, and by no other', () => {
    assert.match(problemsOf('ntuple'), /needs the section "receiveFilters"/);
    assert.match(problemsOf('auto', NIC), /only with "backend\.adapter": "ntuple"/);
  });

  it('must state that addresses are unique, and give a port one target', () => {
    for (const addressesAreUnique of [undefined, false]) {
      assert.match(problemsOf('ntuple', { ...NIC, addressesAreUnique }), /addressesAreUnique/);
    }
    const targets = [...NIC.targets, { port: 'vnet1', vf: 1 }];
    assert.match(problemsOf('ntuple', { ...NIC, targets }), /another target has vnet1, too/);
  });
});
