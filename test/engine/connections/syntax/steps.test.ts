import assert from 'node:assert/strict';
import { type Step, stepsOf } from '../../../../engine/connections/syntax/steps.ts';

function step(text: string): Step {
  return stepsOf([{ kind: 'opaque', text }])[0];
}

function bytes(...last: readonly number[]): Uint8Array {
  return Uint8Array.of(...last);
}

describe('steps of a megaflow', () => {
  it('are its actions where the model has a structure for them', () => {
    const output = { kind: 'output', port: 'a' } as const;
    assert.deepEqual(stepsOf([output, { kind: 'pop-vlan' }]), [output, { kind: 'pop-vlan' }]);
  });

  it('are recirculations, by number', () => {
    assert.deepEqual(step('recirc(0x2a)'), { kind: 'recirc', id: 42 });
    assert.deepEqual(step('recirc(7)'), { kind: 'recirc', id: 7 });
    assert.deepEqual(step('ct_clear'), { kind: 'ct-clear' });
  });

  it('are passes through conntrack, with what each part means', () => {
    const plain = {
      kind: 'ct',
      zone: 0,
      commit: false,
      force: false,
      nat: false,
      mark: undefined,
      label: undefined,
      helper: undefined,
    };
    const texts: readonly (readonly [string, object])[] = [
      ['ct', {}],
      ['ct(commit)', { commit: true }],
      ['ct(force_commit,zone=7)', { commit: true, force: true, zone: 7 }],
      ['ct(nat)', { nat: true }],
      ['ct(commit,nat(src=10.0.0.1,random))', { commit: true, nat: true }],
      ['ct(helper=ftp)', { helper: 'ftp' }],
      ['ct(timeout=t)', {}],
      ['ct(mark=0x1/0x3)', { mark: { value: bytes(0, 0, 0, 1), mask: bytes(0, 0, 0, 3) } }],
    ];
    for (const [text, parts] of texts) assert.deepEqual(step(text), { ...plain, text, ...parts });
    const labelled = step('ct(label=0x1/0x1)');
    assert(labelled.kind === 'ct');
    assert.deepEqual(labelled.label?.value, Uint8Array.from([...new Uint8Array(15), 1]));
  });

  it('are no passes through conntrack with a part that is not known or malformed', () => {
    for (const part of ['zone=65536', 'zone=x', 'mark=x', 'label=1/2/3', 'unheard', 'unheard(1)']) {
      const text = `ct(${part})`;
      assert.deepEqual(step(text), { kind: 'other', code: 'unsupported-action', text });
    }
  });

  it('take packets out of tunnels', () => {
    assert.deepEqual(step('tnl_pop(genev_sys_6081)'), {
      kind: 'pop-tunnel',
      port: 'genev_sys_6081',
    });
  });

  it('are refused with the code of what an entry cannot do', () => {
    const texts: readonly (readonly [string, string])[] = [
      ['recirc(0)', 'unsupported-action'],
      ['recirc(x)', 'unsupported-action'],
      ['userspace(pid=1)', 'userspace'],
      ['sample(sample=1%,actions(1))', 'sampling'],
      ['meter(1)', 'meter'],
      ['check_pkt_len(size=200,gt(1),le(2))', 'packet-size'],
      ['trunc(100)', 'packet-size'],
      ['hash(l4(0))', 'hash'],
      ['tnl_pop(4,5)', 'tunnel'],
      ['tnl_push(tnl_port(6))', 'tunnel'],
      ['set(tunnel(tun_id=0x1,dst=1.2.3.4))', 'tunnel'],
      ['clone(tnl_push(tnl_port(6)))', 'tunnel'],
      ['clone(1)', 'unsupported-action'],
      ['unheard', 'unsupported-action'],
    ];
    for (const [text, code] of texts) assert.deepEqual(step(text), { kind: 'other', code, text });
  });
});
