import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { type ReasonCode, REASONS } from '../../engine/model/reason.ts';
import type { FlowView, LimitsView } from '../../api/flow-views.ts';
import { FIELD_BITS, type FieldName, fieldBytes } from '../../engine/model/match.ts';
import type { TunnelHeader } from '../../engine/model/tunnel.ts';
import { describeActions, describeMatch } from '../../views/describe-flow.ts';
import { fieldText } from '../../views/field-text.ts';
import { flowTable, shortMatch } from '../../views/flow-columns.ts';
import { LiveScreen } from '../../cli/support/live-screen.ts';
import { screenLines, showLiveTable } from '../../cli/support/live-table.ts';
import { nodeSummary } from '../../views/node-summary.ts';
import { sliceTable } from '../../views/slice-table.ts';
import { coloursOf } from '../../platform/terminal.ts';
import { whyReport } from '../../views/why-report.ts';
import { whySentence } from '../../views/why-sentence.ts';
import {
  FakeView,
  flowOf,
  influxOf,
  shareOf,
  statusOf,
  throughputOf,
  whyOf,
} from '../support/fake-view.ts';
import { TestTerminal } from '../support/test-terminal.ts';

const PLAIN = coloursOf(false);

/** An exact match of a field. */
function exact(
  field: FieldName,
  value: number,
): { field: FieldName; value: Uint8Array; mask: Uint8Array } {
  const length = fieldBytes(field);
  const bytes = Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** (length - 1 - i)));
  const mask = new Uint8Array(length).fill(0xff);
  mask[0] = 0xff >> (length * 8 - FIELD_BITS[field]);
  return { field, value: bytes, mask };
}

describe('descriptions of flows', () => {
  it('name protocols and omit the usual fields', () => {
    const match = {
      inPort: 'vm1',
      fields: [
        exact('vlan_tpid', 0x8100),
        exact('vlan_vid', 101),
        exact('eth_type', 0x0800),
        { field: 'ipv4_dst', value: Uint8Array.of(10, 0, 0, 0), mask: Uint8Array.of(255, 0, 0, 0) },
        exact('ip_proto', 6),
        exact('ip_frag', 0),
        exact('tcp_dst', 443),
      ],
      opaque: [{ name: 'recirc_id', text: '0x2' }],
    } as const;
    assert.equal(
      describeMatch(match),
      'in_port=vm1,tcp,vlan_vid=101,ipv4_dst=10.0.0.0/8,tcp_dst=443,recirc_id(0x2)',
    );
  });

  it('keep an ethertype without a name', () => {
    const match = { inPort: 'p', fields: [exact('eth_type', 0x88cc)], opaque: [] };
    assert.equal(describeMatch(match), 'in_port=p,eth_type=0x88cc');
  });

  it('keep a later fragment and an unusual TPID', () => {
    const fields = [exact('vlan_tpid', 0x88a8), exact('ip_frag', 2)];
    assert.equal(
      describeMatch({ inPort: 'p', fields, opaque: [] }),
      'in_port=p,vlan_tpid=0x88a8,ip_frag=2',
    );
  });

  it('use the standard notation of addresses', () => {
    const v6 = Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    const all = new Uint8Array(16).fill(255);
    assert.equal(fieldText('ipv6_src', v6, all), '2001:db8::1');
    assert.equal(fieldText('ipv6_src', new Uint8Array(16), all), '::');
    const odd = Uint8Array.of(255, 0, 255, 0);
    assert.equal(fieldText('ipv4_src', Uint8Array.of(10, 0, 7, 0), odd), '10.0.7.0/255.0.255.0');
    const group = Uint8Array.of(1, 0, 0, 0, 0, 0);
    assert.equal(fieldText('eth_dst', group, group), '01:00:00:00:00:00/01:00:00:00:00:00');
    assert.equal(
      fieldText('tcp_dst', Uint8Array.of(0x10, 0), Uint8Array.of(0xf0, 0)),
      '4096/0xf000',
    );
  });

  it('list actions in order, and show no action as drop', () => {
    assert.equal(describeActions([]), 'drop');
    assert.equal(
      describeActions([
        { kind: 'pop-vlan' },
        { kind: 'set', ...exact('ip_ttl', 63) },
        { kind: 'push-vlan', tpid: 0x88a8, vid: 7, pcp: 1 },
        { kind: 'output', port: 'vm2' },
        { kind: 'opaque', text: 'ct(commit)' },
      ]),
      'pop vlan, set ip_ttl=63, push vlan 7 pcp=1 tpid=0x88a8, output vm2, ct(commit)',
    );
  });

  it('name the tunnel that packets are put into, and where it ends', () => {
    const header = {
      kind: 'geneve',
      ethernet: undefined,
      src: Uint8Array.of(172, 16, 0, 1),
      dst: Uint8Array.of(172, 16, 0, 2),
      tos: 0,
      ttl: 64,
      doNotFragment: true,
      srcPort: undefined,
      dstPort: 6081,
      hasChecksum: false,
      vni: 0x64,
      options: new Uint8Array(0),
    } as const;
    const show = (of: TunnelHeader): string =>
      describeActions([{ kind: 'push-tunnel', header: of }]);
    assert.equal(show(header), 'push geneve vni 0x64 to 172.16.0.2');
    const dst = Uint8Array.of(0xfd, ...new Uint8Array(14), 2);
    assert.equal(show({ ...header, src: dst, dst, vni: 5 }), 'push geneve vni 0x5 to fd00::2');
  });

  it('show a mask as a prefix exactly if it is one', () => {
    const value = new Uint8Array(4);
    for (let length = 1; length <= 32; length++) {
      const mask = new Uint8Array(4);
      new DataView(mask.buffer).setUint32(0, -(2 ** (32 - length)) >>> 0);
      const should = length === 32 ? '0.0.0.0' : `0.0.0.0/${length}`;
      assert.equal(fieldText('ipv4_src', value, mask), should);
      if (length > 1) {
        mask[0] &= 0x7f;
        assert.equal(fieldText('ipv4_src', value, mask), `0.0.0.0/${mask.join('.')}`);
      }
    }
  });

  it('distinguish any two values of a field', () => {
    const fields = Object.keys(FIELD_BITS).filter((f): f is FieldName => f in FIELD_BITS);
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(fc.constantFrom(...fields), bytes, bytes, bytes, (field, a, b, m) => {
        const length = fieldBytes(field);
        const mask = m.slice(0, length);
        mask[0] &= 0xff >> (length * 8 - FIELD_BITS[field]);
        const masked = (v: Uint8Array): Uint8Array => mask.map((byte, i) => byte & v[i]);
        const one = masked(a);
        const two = masked(b);
        const same = one.every((byte, i) => byte === two[i]);
        assert.equal(fieldText(field, one, mask) === fieldText(field, two, mask), same);
      }),
    );
  });

  it('shorten a match to ports and ends', () => {
    const match = 'in_port=vm1,tcp,eth_src=aa:bb:cc:dd:ee:ff,ipv4_src=10.0.0.1,tcp_dst=443';
    assert.equal(shortMatch(flowOf({ match })), 'vm1>uplink0 tcp 10.0.0.1>*:443');
    const v6 = 'in_port=vm1,udp6,ipv6_src=2001:db8::1,udp_src=53';
    assert.equal(
      shortMatch(flowOf({ match: v6, outPorts: [] })),
      'vm1>drop udp6 [2001:db8::1]:53>*',
    );
  });
});

describe('tables and screens', () => {
  it('never have a line wider than the terminal', () => {
    const text = fc.string({ maxLength: 80 });
    fc.assert(
      fc.property(fc.array(text), fc.integer({ min: 90, max: 300 }), (matches, width) => {
        const flows = matches.map((match) => flowOf({ match }));
        for (const line of flowTable(flows, width, PLAIN)) assert.ok(line.length <= width, line);
        const summary = nodeSummary(statusOf({ node: matches.join() }), width, PLAIN);
        for (const line of summary) assert.ok(line.length <= width, line);
      }),
    );
  });

  it('show slices with their guarantees, other flows last, and unmet guarantees in colour', () => {
    const low = shareOf({ slice: 'gold', weight: 3, used: 100 });
    const status = statusOf();
    assert.ok(status.backend !== null);
    const shares = [...status.backend.shares, low];
    const lines = sliceTable(statusOf({ backend: { ...status.backend, shares } }), 120, PLAIN);
    assert.deepEqual(lines, [
      'SLICE     ENTRIES  SHARE  GUARANTEED  MAXIMUM  WANTED  WEIGHT      TRAFFIC  ON',
      'red           412    420         128      512     900       1  6.00 Gbit/s  emulated-nic',
      'gold          100    420         128      512     900       3      0 bit/s  emulated-nic',
      '(others)      100     92           0      512     100       1  1.20 Gbit/s  emulated-nic',
    ]);
    const painted = sliceTable(
      statusOf({ backend: { ...status.backend, shares } }),
      120,
      coloursOf(true),
    );
    const yellow = painted.filter((line) => line.includes('\u001B[33m'));
    assert.deepEqual([yellow.length, yellow[0].startsWith('gold')], [1, true]);
    const none = status.backend.shares.slice(0, 1);
    assert.deepEqual(
      sliceTable(statusOf({ backend: { ...status.backend, shares: none } }), 120, PLAIN),
      [],
    );
  });

  it('replace control characters in names', () => {
    const [, ...lines] = flowTable([flowOf({ slice: 'a\u001B[2Jb\nc' })], 200, PLAIN);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /a\uFFFD\[2Jb\uFFFDc/);
  });

  it('keep whole matches and ids for pipes', () => {
    const flow = flowOf({ match: 'x'.repeat(500) });
    const [, line] = flowTable([flow], Number.POSITIVE_INFINITY, PLAIN);
    assert.ok(line.includes(flow.id) && line.includes('x'.repeat(500)));
  });

  it('show the age of the oldest verification', () => {
    const { backends } = statusOf();
    const lineOf = (...ages: readonly (number | null)[]): string => {
      const each = ages.map((verifiedAgeMs) => ({ ...backends[0], verifiedAgeMs }));
      return nodeSummary({ ...statusOf(), backends: each }, 120, PLAIN)[1];
    };
    assert.match(lineOf(180, 2_400), / · entries verified 2\.4 s ago · /);
    assert.match(lineOf(180, null), / · entries not verified yet · /);
    assert.doesNotMatch(lineOf(), /verified/);
  });

  it('show all warnings', () => {
    const healthy = statusOf();
    assert.ok(healthy.backend !== null);
    const lines = nodeSummary(
      statusOf({
        held: true,
        sources: healthy.sources.map((s) => ({ ...s, fresh: false, error: 'ECONNREFUSED' })),
        backend: { ...healthy.backend, started: false, error: 'no bpffs' },
        policies: { ...healthy.policies, problems: ['p.json:1:1: bad'] },
        influx: influxOf({ error: 'no answer within 10000 ms', queuedPoints: 812 }),
      }),
      120,
      PLAIN,
    );
    assert.deepEqual(lines.slice(3), [
      'held: every flow stays on the vSwitch until "norikae resume"',
      'stale: flows, 100 ms old: ECONNREFUSED',
      'backend emulated-nic: no bpffs',
      'InfluxDB: no answer within 10000 ms; 812 points queued',
      'policies: the last reload failed, the last valid policies are in force: p.json:1:1: bad',
    ]);
    assert.equal(nodeSummary(healthy, 120, PLAIN).length, 3);
    const written = statusOf({ influx: influxOf() });
    assert.equal(nodeSummary(written, 120, PLAIN).length, 3);
  });

  it('are redrawn in place, with other lines above', () => {
    const terminal = new TestTerminal();
    const screen = new LiveScreen(terminal);
    screen.show(['one', 'two']);
    screen.write('log line\n');
    screen.show(['three']);
    screen.close();
    screen.write('after\n');
    const up2 = '\u001B[2A\r\u001B[J';
    assert.equal(
      terminal.text,
      `\u001B[?25lone\ntwo\n${up2}log line\none\ntwo\n${up2}three\n\u001B[?25hafter\n`,
    );
  });

  it('fit the terminal, however small it is', () => {
    const terminal = new TestTerminal();
    const flows = Array.from({ length: 50 }, () => flowOf());
    const page = { total: 50, matching: 50, flows };
    for (terminal.rows of [1, 5, 10, 24, 200]) {
      const screen = new LiveScreen(terminal);
      terminal.text = '';
      screen.show(screenLines(statusOf(), page, terminal));
      const drawn = terminal.text.split('\n').length - 1;
      assert.ok(drawn <= Math.max(1, terminal.rows - 1), `${drawn} lines in ${terminal.rows}`);
    }
  });

  it('are redrawn by ticks at most twice a second, until they are stopped', async () => {
    const terminal = new TestTerminal();
    const view = new FakeView();
    let nowMs = 0;
    const end = showLiveTable(view, new LiveScreen(terminal), terminal, () => nowMs);
    for (; nowMs < 2_000; nowMs += 100) {
      view.tick();
      await setImmediate();
    }
    end();
    view.tick();
    assert.equal(view.queries.length, 4);
    assert.match(terminal.text, /5b1f0c7e {2}offload {2}1\.50 Gbit\/s/);
  });
});

/** Reasons whose sentence needs no number. */
const SPEAK_FOR_THEMSELVES: ReadonlySet<ReasonCode> = new Set([
  'unseen',
  'no-rule',
  'rule-onload',
  'placed',
  'incumbent',
  'installing',
  'held',
  'stale',
  'not-evaluated',
  'actions-changed',
  'port-gone',
  'entry-lost',
]);

describe('why', () => {
  it('names the limit in one sentence', () => {
    const asking = { placement: 'onload', placedMs: null } as const;
    const flow = flowOf({ ...asking, reason: { code: 'table-full', text: 'full' } });
    assert.equal(
      whySentence(whyOf(flow)),
      'The flow is on the vSwitch (onload) at 1.50 Gbit/s: rule default/elephants requests offload ' +
        'with score 1,500,000,000, but the table has 512 of 512 entries in use and a newcomer needs ' +
        'a score above 2,000,000,000.',
    );
    const refused = flowOf({ ...asking, reason: { code: 'refused', text: 'refused' } });
    const refusal = { code: 'probe-depth', detail: 'no place within 24 probes' } as const;
    assert.match(
      whySentence(whyOf(refused, { refusal })),
      /refused it \(probe-depth: no place within 24 probes\); it is tried again at the next tick\.$/,
    );
    const { limits } = whyOf(refused);
    assert.match(
      whySentence(whyOf(refused, { refusal, limits: { ...limits, retryInMs: 1_500 } })),
      /; it is tried again in 1\.5 s\.$/,
    );
    const wrong = flowOf({ ...asking, reason: { code: 'mismatch', text: 'wrong' } });
    const mismatch = { detail: 'the entry does vm2; the vSwitch would do drop', heldMs: 58_000 };
    assert.match(
      whySentence(whyOf(wrong, { mismatch })),
      /, but a sample found that its entry was wrong \(the entry does vm2; the vSwitch would do drop\); it is tried again in 58\.0 s\.$/,
    );
    const none = flowOf({
      rule: null,
      requested: 'none',
      reason: { code: 'no-rule', text: 'none asks' },
    });
    assert.match(whySentence(whyOf(none)), /1\.50 Gbit\/s: none asks\.$/);
  });

  it('explains a flow that no rule requests', () => {
    const unasked = { rule: null, requested: 'none', score: 0 } as const;
    const gone = flowOf({
      ...unasked,
      placement: 'onload',
      reason: { code: 'table-full', text: 'full' },
    });
    assert.equal(
      whySentence(whyOf(gone)),
      'The flow is on the vSwitch (onload) at 1.50 Gbit/s: no rule requests an entry for it, so its entry was ' +
        'among the first to be removed when the table was full (512 of 512 entries are in use now).',
    );
    const held = flowOf({ ...unasked, reason: { code: 'placed', text: 'placed' } });
    const { limits } = whyOf(held);
    assert.match(
      whySentence(whyOf(held, { limits: { ...limits, holdLeftMs: 1_500 } })),
      /: no rule requests an entry for it, but it was moved recently and stays for another 1\.5 s\.$/,
    );
    assert.match(
      whySentence(whyOf(held)),
      /: no rule requests an entry for it, but it was moved recently and stays until the next tick\.$/,
    );
  });

  describe('of a waiting flow', () => {
    /** The part of the sentence after "but". */
    function but(code: ReasonCode, over: Partial<LimitsView> = {}, asks: Partial<FlowView> = {}) {
      const reason = { code, text: 'the text of the code' };
      const flow = flowOf({ placement: 'onload', placedMs: null, reason, ...asks });
      const sentence = whySentence(whyOf(flow, { limits: { ...whyOf(flow).limits, ...over } }));
      return sentence.slice(sentence.search(/, (but|so) /) + 2);
    }

    it("shows its slice's entries and quota", () => {
      const share = shareOf({ slice: 'red', maximum: 412 });
      assert.equal(
        but('slice-maximum', { share }),
        'but slice red has 412 entries of a maximum of 412.',
      );
      assert.equal(
        but('slice-share'),
        'but the share of slice red, 420 entries, goes to flows with higher scores ' +
          '(412 used, 900 wanted).',
      );
      assert.equal(
        but('slice-share', { share: shareOf() }),
        'but the share of flows of no declared slice, 420 entries, goes to flows with higher scores ' +
          '(412 used, 900 wanted).',
      );
    });

    it('names the full port or path, by the fullest limit', () => {
      const throughput = [throughputOf({ name: 'p1 receive', expectedBitsPerSecond: 1e9 })];
      throughput.push(throughputOf());
      assert.equal(
        but('port-bandwidth', { throughput }),
        'but p0 send is nearly full (placed flows are expected to send 9.20 Gbit/s of 10.0 Gbit/s); ' +
          'flows of other ports go first.',
      );
      const path = throughputOf({ name: 'fast-path', hard: true, packetsPerSecond: 8.2e5 });
      assert.equal(
        but('fast-path-capacity', { throughput: [...throughput, path] }),
        'but the fast path is nearly full (placed flows are expected to send 800 kpkt/s of 820 kpkt/s).',
      );
    });

    it('shows its expected rate and the threshold', () => {
      assert.equal(
        but('below-threshold', { worth: 3.456 }),
        'but it is expected to send only 3.46 packets/s, below the threshold of 12.',
      );
      assert.equal(but('below-threshold', { worth: 0 }), 'but it is expected to send nothing.');
      assert.equal(
        but('small-gain'),
        'but displacing another flow would gain less than the 340 packets/s that a swap must gain now.',
      );
      assert.match(but('small-gain', { swapGain: null }), /no swap gains enough now/);
    });

    it('shows the learned entries, and that a small gain is not enough', () => {
      assert.equal(
        but('table-full', { learnedEntries: 490, tableUsed: 488 }),
        'but the table has 488 of 490 entries that fit (512 declared) in use and a newcomer ' +
          'needs a score above 2,000,000,000.',
      );
      assert.equal(
        but('table-full', { cutoffScore: 1.4e9 }),
        'but the table has 512 of 512 entries in use, by flows whose scores are higher, or ' +
          'too close for a swap.',
      );
    });

    it('names no cutoff score when each slice has a different one', () => {
      assert.equal(
        but('table-full', { divided: true }),
        'but the table has 512 of 512 entries in use, and no entry of slice red has a score ' +
          'that is low enough for a swap.',
      );
      const flow = flowOf();
      const limits = { ...whyOf(flow).limits, divided: true };
      assert.match(
        whyReport(whyOf(flow, { limits }), PLAIN).join('\n'),
        /in use; the highest score without an entry, of any slice, is 2,000,000,000$/m,
      );
    });

    it('shows what its last entry carried, and when it is tried again', () => {
      const reason = { code: 'carries-nothing', text: 'the text of the code' } as const;
      const flow = flowOf({ placement: 'onload', entry: null, placedMs: null, reason });
      const unused = { packets: 1499, carried: 1, overMs: 3000, retryInMs: 59_000 };
      assert.match(
        whySentence(whyOf(flow, { unused })),
        /but its last entry carried 1 of 1,500 packets in 3\.0 s .*checksums.*; it is tried again in 59\.0 s\.$/,
      );
      assert.match(whySentence(whyOf(flow)), /but entries between its ports carried nothing/);
    });

    it('shows what receiving on its port saves and costs', () => {
      const reason = { code: 'port-cost', text: 'the text of the code' } as const;
      const flow = flowOf({ placement: 'onload', entry: null, placedMs: null, reason });
      const input = { port: 'vm1', isOpen: false, saves: 120, costs: 45_000 };
      assert.match(
        whySentence(whyOf(flow, { input })),
        /but entries of vm1 would take 120 packets\/s off the vSwitch, and receiving on it would cost 45,000 packets\/s/,
      );
      assert.match(
        whyReport(whyOf(flow, { input }), PLAIN).join('\n'),
        /vm1 is closed: entries take 120 packets\/s off the vSwitch; receiving costs 45,000 packets\/s/,
      );
    });

    it('shows at which hook the packets of its port are taken, and why', () => {
      const hook = { hook: 'xdp', reason: 'userspace-datapath', why: 'it gets packets before tcx' };
      assert.match(
        whyReport(whyOf(flowOf(), { hook }), PLAIN).join('\n'),
        /^hook +xdp at vm1: it gets packets before tcx$/m,
      );
      assert.doesNotMatch(whyReport(whyOf(flowOf()), PLAIN).join('\n'), /^hook/m);
    });

    it('is on the vSwitch while its entry has not carried a packet', () => {
      const reason = { code: 'unused', text: 'the text of the code' } as const;
      const flow = flowOf({ placement: 'onload', entry: 'offload', reason });
      assert.match(
        whySentence(whyOf(flow)),
        /^The flow is on the vSwitch .* and the backend has it, but it has not carried a packet yet\.$/,
      );
      assert.match(
        whyReport(whyOf(flow), PLAIN).join('\n'),
        /^placement +offload for .*, without a packet yet$/m,
      );
    });

    it('explains why its entry was removed when no rule requests it', () => {
      const unasked = { rule: null, requested: 'none', score: 0 } as const;
      assert.equal(
        but('slice-share', {}, unasked),
        'so its entry was among the first to be removed when slice red had more than its share and others ' +
          'had less.',
      );
      assert.match(
        but('slice-maximum', {}, unasked),
        /slice red had more than the 512 it may have/,
      );
    });

    it('has a specific text for every reason to wait', () => {
      for (const { code } of REASONS) {
        if (SPEAK_FOR_THEMSELVES.has(code)) continue;
        assert.match(but(code), /^but /, code);
      }
    });
  });

  it("reports the flow's worth, its slice and its limits", () => {
    const flow = flowOf();
    const limits = { ...whyOf(flow).limits, throughput: [throughputOf()] };
    const report = whyReport(whyOf(flow, { limits }), PLAIN).join('\n');
    for (const line of [
      /^worth {6}an entry is expected to take 1,900 packets\/s off the vSwitch; threshold 12; a swap must gain 340$/m,
      /^share {6}slice red: 412 entries, share 420 \(guaranteed 128, maximum 512, wanted 900\)$/m,
      /^limit {6}p0 send: placed flows are expected to send 9\.20 Gbit\/s of 10\.0 Gbit\/s$/m,
    ]) {
      assert.match(report, line);
    }
  });

  it('reports the score that a newcomer has to exceed, if any', () => {
    const flow = flowOf();
    const table = (cutoffScore: number | null): string | undefined =>
      whyReport(whyOf(flow, { limits: { ...whyOf(flow).limits, cutoffScore } }), PLAIN).find(
        (line) => line.startsWith('table'),
      );
    assert.match(table(null) ?? '', /512 of 512 entries in use, enough for all requests$/);
    assert.match(table(0) ?? '', /in use, some by flows that no rule requests any more$/);
    assert.match(table(2e9) ?? '', /in use; a newcomer needs a score above 2,000,000,000 \(and /);
  });

  it('marks rules that move nothing', () => {
    const [rule] = whyOf(flowOf()).rules;
    const shadow = { ...rule, name: 'trial/all', shadow: true };
    const report = whyReport(whyOf(flowOf(), { rules: [rule, shadow] }), PLAIN).join('\n');
    assert.match(report, /^yes rule default\/elephants \(priority 10\) requests offload$/m);
    assert.match(
      report,
      /^yes rule trial\/all \(priority 10\) requests offload \(shadow: moves nothing\)$/m,
    );
  });

  it('reports the rules with the values that they read', () => {
    const report = whyReport(whyOf(flowOf()), PLAIN).join('\n');
    assert.match(report, /^yes rule default\/elephants \(priority 10\) requests offload$/m);
    assert.match(report, /^ {4}yes bitsPerSecond greaterThan 1,000,000 \(is 1,500,000,000\)$/m);
    assert.match(report, /^carried {4}1\.00 GB by the vSwitch, 2\.00 GB by the backend$/m);
  });

  it('uses colours only if they are on', () => {
    const painted = whyReport(whyOf(flowOf()), coloursOf(true)).join('\n');
    assert.ok(painted.includes('\u001B[32m'));
    assert.ok(!whyReport(whyOf(flowOf()), PLAIN).join('\n').includes('\u001B'));
  });
});
