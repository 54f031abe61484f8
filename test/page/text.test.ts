import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bitRate, byteCount, count, duration, packetRate, percent } from '../../text/format.ts';
import { pageFunction } from './support/page-module.ts';

describe('words and numbers of the live page', () => {
  const shared = { bitRate, packetRate, byteCount, count, duration, percent };

  for (const [name, onCommandLine] of Object.entries(shared)) {
    it(`writes ${name} as the command line does`, async () => {
      const onPage = await pageFunction('text/format.js', name);
      fc.assert(
        fc.property(fc.oneof(fc.double(), fc.double({ min: 0, max: 1e7 }), fc.nat()), (value) => {
          assert.equal(onPage(value), onCommandLine(value));
        }),
        { numRuns: 2_000 },
      );
    });
  }

  it('says a match in words: protocol and both ends', async () => {
    const flowWords = await pageFunction('text/flow-words.js', 'flowWords');
    const cases: readonly (readonly [string, string])[] = [
      [
        'in_port=vm1,tcp,ipv4_src=10.0.0.1,ipv4_dst=10.0.0.2,tcp_src=1,tcp_dst=443',
        'tcp 10.0.0.1:1 > 10.0.0.2:443',
      ],
      [
        'in_port=vm1,udp6,ipv6_src=fe80::1,ipv6_dst=fe80::2,udp_dst=53',
        'udp6 fe80::1 > [fe80::2]:53',
      ],
      ['in_port=p0,ip,ipv4_dst=10.0.0.0/8', 'ip any > 10.0.0.0/8'],
      [
        'in_port=p0,eth_src=02:00:00:00:00:01,eth_dst=02:00:00:00:00:02',
        'any 02:00:00:00:00:01 > 02:00:00:00:00:02',
      ],
      ['in_port=p0,eth_type=0x88cc', '0x88cc any > any'],
      ['in_port=p0', 'any any > any'],
    ];
    for (const [match, words] of cases) {
      const said: unknown = flowWords(match);
      assert.ok(typeof said === 'object' && said !== null);
      const { protocol, from, to } = { protocol: '', from: '', to: '', ...said };
      assert.equal(`${protocol} ${from} > ${to}`, words, match);
    }
  });

  it('keeps the active row among the rows, wherever a key leads', async () => {
    const moved = await pageFunction('parts/grid-keys.js', 'moved');
    const keys = ['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End'];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...keys), { maxLength: 40 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        (pressed, rows, page) => {
          let at: unknown = 0;
          for (const key of pressed) {
            at = moved(key, at, rows, page);
            assert.ok(typeof at === 'number' && at >= 0 && at < rows);
          }
        },
      ),
    );
    assert.equal(moved('ArrowDown', 0, 0, 5), undefined);
    assert.equal(moved('x', 0, 9, 5), undefined);
  });
});
