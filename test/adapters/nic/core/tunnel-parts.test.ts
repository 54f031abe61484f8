import assert from 'node:assert/strict';
import { ArrivedTunnels } from '../../../../adapters/nic/core/arrived-tunnels.ts';
import { SystemCallFailed } from '../../../../adapters/nic/core/errors.ts';
import { MAX_ARRIVED_TUNNELS } from '../../../../adapters/nic/core/maps.ts';
import { CONTROL, TUNNEL_HEADER, TUNNEL_KEY, u32 } from '../../../../adapters/nic/core/records.ts';
import { TunnelHeaders } from '../../../../adapters/nic/core/tunnel-headers.ts';

/** A map of the kernel, in memory. */
class FakeMap {
  readonly elements = new Map<string, Uint8Array>();
  canDelete = true;

  update(_fd: number, key: Uint8Array, value: Uint8Array): void {
    this.elements.set(hex(key), value.slice());
  }

  lookup(_fd: number, key: Uint8Array, value: Uint8Array): boolean {
    const found = this.elements.get(hex(key));
    if (found !== undefined) value.set(found);
    return found !== undefined;
  }

  remove(_fd: number, key: Uint8Array): boolean {
    if (!this.canDelete) throw new SystemCallFailed('bpf_map_delete_elem', 12, 'arrived');
    return this.elements.delete(hex(key));
  }

  nextKey(_fd: number, key: Uint8Array | null, next: Uint8Array): boolean {
    const keys = [...this.elements.keys()];
    const following = keys[key === null ? 0 : keys.indexOf(hex(key)) + 1];
    if (following !== undefined) next.set(Buffer.from(following, 'hex'));
    return following !== undefined;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('outer headers of entries', () => {
  const header = (n: number) => {
    const bytes = new Uint8Array(TUNNEL_HEADER.bytes);
    new DataView(bytes.buffer).setUint32(TUNNEL_HEADER.headers, n, true);
    return bytes;
  };

  it('are shared, and written once', () => {
    const map = new FakeMap();
    const headers = new TunnelHeaders(map, 3);
    const index = headers.acquire(header(1));
    assert.equal(headers.acquire(header(1)), index);
    assert.notEqual(headers.acquire(header(2)), index);
    assert.equal(map.elements.size, 0, 'nothing is written before it may be');
    headers.write();
    assert.deepEqual(map.elements.get(hex(u32(index))), header(1));
    map.elements.clear();
    headers.write();
    assert.equal(map.elements.size, 0);
  });

  it('have no place any more after their last entry, whose place is written again only by write', () => {
    const map = new FakeMap();
    const headers = new TunnelHeaders(map, 3);
    const index = headers.acquire(header(1));
    headers.acquire(header(1));
    headers.write();
    headers.release(index);
    assert.equal(headers.indexOf(header(1)), index);
    headers.release(index);
    assert.equal(headers.indexOf(header(1)), 0);
    assert.equal(headers.acquire(header(2)), index);
    assert.deepEqual(map.elements.get(hex(u32(index))), header(1));
    headers.write();
    assert.deepEqual(map.elements.get(hex(u32(index))), header(2));
  });

  it('are refused when all places are in use', () => {
    const headers = new TunnelHeaders(new FakeMap(), 3);
    for (let n = 1; n <= headers.limit; n++) assert.equal(headers.acquire(header(n)), n);
    assert.equal(headers.acquire(header(0)), 0);
    headers.release(7);
    assert.equal(headers.acquire(header(0)), 7);
  });

  it('are adopted at their places, and the places between are free', () => {
    const map = new FakeMap();
    map.update(3, u32(4), header(4));
    const headers = new TunnelHeaders(map, 3);
    assert.ok(headers.adoptUser(4));
    assert.ok(headers.adoptUser(4));
    assert.ok(!headers.adoptUser(5), 'a place without headers');
    assert.equal(headers.indexOf(header(4)), 4);
    const places = [10, 11, 12, 13].map((n) => headers.acquire(header(n)));
    assert.deepEqual(
      places.toSorted((a, b) => a - b),
      [1, 2, 3, 5],
    );
  });
});

describe('tunnels that packets arrive in', () => {
  function setUp(map = new FakeMap()) {
    const words = new Map<number, bigint>();
    let next = 1;
    const maps = {
      fd: { arrived: 3 },
      next: () => next++,
      setWord: (index: number, value: bigint) => void words.set(index, value),
    };
    return { map, words, tunnels: new ArrivedTunnels(map, maps) };
  }
  const key = (n: number, port = 6081, shape = 15) => {
    const bytes = new Uint8Array(TUNNEL_KEY.bytes);
    const view = new DataView(bytes.buffer);
    view.setUint32(TUNNEL_KEY.inPort, 9, true);
    view.setUint32(TUNNEL_KEY.shape, shape, true);
    view.setUint16(TUNNEL_KEY.udpDst, port, true);
    view.setUint32(TUNNEL_KEY.head + 4, n);
    return bytes;
  };
  function acquired(tunnels: ArrivedTunnels, of: Uint8Array): number {
    const id = tunnels.acquire(of);
    assert.ok(typeof id === 'number', String(id));
    return id;
  }

  it('have ids that no port has, and that are never used again', () => {
    const { map, tunnels } = setUp();
    const id = acquired(tunnels, key(1));
    assert.ok(id >= 0x8000_0000);
    assert.equal(tunnels.portOf(id), 9);
    assert.equal(tunnels.portOf(5), 5);
    assert.equal(acquired(tunnels, key(1)), id);
    tunnels.write();
    assert.deepEqual(map.elements.get(hex(key(1))), u32(id));
    tunnels.release(id);
    assert.equal(tunnels.idOf(key(1)), id);
    tunnels.release(id);
    assert.equal(tunnels.idOf(key(1)), 0);
    assert.equal(map.elements.size, 0);
    assert.notEqual(acquired(tunnels, key(1)), id);
  });

  it('are announced by UDP port and shape before their entries, and no more without tunnels', () => {
    const { words, tunnels } = setUp();
    const ids = [acquired(tunnels, key(1)), acquired(tunnels, key(2, 4789, 3))];
    assert.equal(words.size, 0);
    tunnels.write();
    assert.equal(words.get(CONTROL.tunnelShapes), (1n << 15n) | (1n << 3n));
    assert.equal(words.get(CONTROL.tunnelPorts), (6081n << 16n) | 4789n);
    for (const id of ids) tunnels.release(id);
    assert.equal(words.get(CONTROL.tunnelShapes), 0n);
    assert.equal(words.get(CONTROL.tunnelPorts), 0n);
  });

  it('are refused when there are too many, or too many UDP ports', () => {
    const { tunnels } = setUp();
    for (const port of [1, 2, 3, 4]) acquired(tunnels, key(1, port));
    assert.match(String(tunnels.acquire(key(1, 5))), /tunnels of 4 other UDP ports/);
    for (let n = 4; n < MAX_ARRIVED_TUNNELS; n++) acquired(tunnels, key(n, 1));
    assert.match(String(tunnels.acquire(key(0, 1))), /all 4096 tunnels .* are in use/);
  });

  it('keep their id while the kernel cannot delete them', () => {
    const { map, tunnels } = setUp();
    const id = acquired(tunnels, key(1));
    tunnels.write();
    map.canDelete = false;
    tunnels.release(id);
    assert.equal(acquired(tunnels, key(1)), id);
  });

  it('are adopted with their entries, and removed without', () => {
    const before = setUp();
    const kept = acquired(before.tunnels, key(1));
    const orphan = acquired(before.tunnels, key(2));
    before.tunnels.write();
    const { map, words, tunnels } = setUp(before.map);
    tunnels.adopt();
    assert.ok(tunnels.adoptUser(kept));
    assert.ok(tunnels.adoptUser(7), 'a port');
    assert.ok(!tunnels.adoptUser(0x8000_0077));
    tunnels.dropUnused();
    assert.deepEqual([...map.elements.keys()], [hex(key(1))]);
    assert.equal(tunnels.idOf(key(1)), kept);
    assert.equal(tunnels.portOf(orphan), orphan);
    assert.equal(words.get(CONTROL.tunnelShapes), 1n << 15n);
  });
});
