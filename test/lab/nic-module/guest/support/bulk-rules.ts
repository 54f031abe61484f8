import { readFileSync } from 'node:fs';
import { NetlinkRefused } from '../../../../../protocols/netlink/errors.ts';
import type { NetlinkAnswer, NetlinkRequest } from '../../../../../protocols/netlink/exchange.ts';
import { NetlinkRequests } from '../../../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../../../protocols/netlink/socket.ts';
import { verdict } from '../../../../../protocols/netlink/tc/actions.ts';
import {
  deleteFilter,
  type FilterPlace,
  newFilter,
} from '../../../../../protocols/netlink/tc/filters.ts';
import { FLOWER } from '../../../../../protocols/netlink/tc/flower-table.ts';
import { FILTER_FLAGS, VERDICT } from '../../../../../protocols/netlink/tc/tables.ts';
import { PARENT } from '../../../../../protocols/netlink/tc/traffic-control.ts';

/** Many `skip_sw` rules on one device: each drops what comes from a MAC address of its own. */
export class BulkRules {
  readonly #requests = new NetlinkRequests(PROTOCOL.route, { timeoutMs: 20_000 });
  readonly #ifindex: number;

  constructor(device: string) {
    this.#ifindex = Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));
  }

  /** Inserts rules by their numbers; resolves to the refusal of each, undefined if accepted. */
  async insert(numbers: readonly number[]): Promise<readonly (NetlinkRefused | undefined)[]> {
    const requests = numbers.map((n) =>
      this.#drop(n, [
        FLOWER.ethSource.of(Buffer.from([2, 1, 0, 0, n >> 8, n & 0xff])),
        FLOWER.ethSourceMask.of(Buffer.alloc(6, 0xff)),
      ]),
    );
    return refusals(await this.#requests.batch(requests));
  }

  /** Inserts a rule with a match on ICMP, which the NIC lacks. */
  async insertUnsupported(): Promise<NetlinkRefused | undefined> {
    const match = [
      FLOWER.ethType.of(0x0800),
      FLOWER.ipProto.of(1),
      FLOWER.icmpType.of(8),
      FLOWER.icmpTypeMask.of(0xff),
    ];
    return refusals(await this.#requests.batch([this.#drop(0, match)]))[0];
  }

  async remove(numbers: readonly number[]): Promise<readonly (NetlinkRefused | undefined)[]> {
    const requests = numbers.map((n) => deleteFilter(this.#place(n), 'flower'));
    return refusals(await this.#requests.batch(requests));
  }

  close(): void {
    this.#requests.close();
  }

  #drop(n: number, match: readonly Buffer[]): NetlinkRequest {
    return newFilter(this.#place(n), 'flower', [
      ...match,
      FLOWER.filterFlags.of(FILTER_FLAGS.skipSoftware),
      FLOWER.actions.of([verdict(VERDICT.shot)]),
    ]);
  }

  #place(n: number): FilterPlace {
    const parent = PARENT.clsactIngress;
    return { ifindex: this.#ifindex, parent, priority: 100, protocol: 0x0800, handle: n + 1 };
  }
}

function refusals(answers: readonly NetlinkAnswer[]): readonly (NetlinkRefused | undefined)[] {
  return answers.map((answer) => (answer instanceof NetlinkRefused ? answer : undefined));
}
