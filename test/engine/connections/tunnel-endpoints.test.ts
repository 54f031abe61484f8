import assert from 'node:assert/strict';
import { TunnelEndpoints } from '../../../engine/connections/tunnel-endpoints.ts';
import type { FlowActions } from '../../../engine/model/action.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { exactMask, type FieldMatch, type FieldName } from '../../../engine/model/match.ts';
import { flowId } from '../../support/flows.ts';

const KEEP_MS = 10_000;
const LOCAL = Uint8Array.of(172, 16, 0, 2);
const POP: FlowActions = [{ kind: 'opaque', text: 'tnl_pop(genev_sys_6081)' }];

function exact(field: FieldName, ...value: readonly number[]): FieldMatch {
  return { field, value: Uint8Array.from(value), mask: exactMask(field) };
}

const OUTER = [exact('ipv4_dst', ...LOCAL), exact('ip_proto', 17), exact('udp_dst', 0x17, 0xc1)];

describe('tunnel endpoints', () => {
  let table: FlowTable;
  let endpoints: TunnelEndpoints;

  beforeEach(() => {
    table = new FlowTable();
    endpoints = new TunnelEndpoints(KEEP_MS);
  });

  function add(actions: FlowActions, fields: readonly FieldMatch[] = OUTER, n = 1): number {
    return table.add(flowId(n), { inPort: 'eth1', fields, opaque: [] }, actions);
  }

  it('are where megaflows take packets out of a tunnel', () => {
    const rows = [
      add(POP),
      add([{ kind: 'opaque', text: 'tnl_pop(vxlan_sys_4789)' }], OUTER, 2),
      add([{ kind: 'opaque', text: 'recirc(0x1)' }], OUTER, 3),
    ];
    const outer = { inPort: 'eth1', dst: LOCAL, dstPort: 6081 };
    assert.deepEqual(endpoints.follow(table, rows, 0), [
      { ...outer, kind: 'geneve' },
      { ...outer, kind: 'vxlan' },
    ]);
  });

  it('need an exact destination and port, a known tunnel, and no other action before', () => {
    const any = { ...OUTER[0], mask: Uint8Array.of(255, 255, 0, 0) };
    const rows = [
      add(POP, [any, OUTER[1], OUTER[2]]),
      add(POP, OUTER.slice(0, 2), 2),
      add([{ kind: 'opaque', text: 'tnl_pop(4)' }], OUTER, 3),
      add([{ kind: 'opaque', text: 'tnl_pop(gre_sys)' }], OUTER, 4),
      add([{ kind: 'output', port: 'vm1' }, ...POP], OUTER, 5),
    ];
    assert.equal(endpoints.follow(table, rows, 0), undefined);
  });

  it('are reported when they change, and kept for a while without their megaflow', () => {
    const row = add(POP);
    assert.equal(endpoints.follow(table, [row], 0)?.length, 1);
    assert.equal(endpoints.follow(table, [row], 1_000), undefined);
    assert.equal(endpoints.follow(table, [], 1_000 + KEEP_MS), undefined);
    assert.deepEqual(endpoints.follow(table, [], 1_001 + KEEP_MS), []);
    assert.equal(endpoints.follow(table, [row], 20_000)?.length, 1);
  });

  it('follow a megaflow whose actions change', () => {
    const row = add([{ kind: 'opaque', text: 'recirc(0x1)' }]);
    assert.equal(endpoints.follow(table, [row], 0), undefined);
    table.setActions(row, POP);
    assert.equal(endpoints.follow(table, [row], 1)?.length, 1);
  });
});
