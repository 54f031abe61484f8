import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { type Entry, newState } from '../../../../adapters/nic/flower/entry.ts';
import { EntryTable } from '../../../../adapters/nic/flower/entry-table.ts';
import { Pauses } from '../../../../adapters/nic/flower/pauses.ts';
import { placeOf } from '../../../../adapters/nic/flower/priorities.ts';
import { RuleMoves } from '../../../../adapters/nic/flower/rule-moves.ts';
import { encodeRule } from '../../../../adapters/nic/flower/rules/flower-rule.ts';
import { ServedDevice } from '../../../../adapters/nic/flower/served-device.ts';
import { StepSender } from '../../../../adapters/nic/flower/steps.ts';
import { TrafficControlRequests } from '../../../../adapters/nic/flower/traffic-control.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import { SerialQueue } from '../../../../async/serial-queue.ts';
import { type FlowId, formatFlowId } from '../../../../engine/model/flow-id.ts';
import { fakeFlow } from './support/fake-flow.ts';
import { FakeTc } from './support/fake-tc.ts';

const IN = 11;
const HEARTBEAT_MS = 1_000;
const PAUSE_MS = 20;

describe('heartbeats of rules in hardware', () => {
  let tc: FakeTc;
  let entries: EntryTable;
  let moves: RuleMoves;
  let pauses: Pauses;
  let lost: readonly FlowId[];
  let mayInstall: boolean;
  let turns: Promise<unknown>[] = [];

  beforeEach(() => {
    tc = new FakeTc();
    tc.devices.add(IN);
    tc.qdiscs.set(IN, 'clsact');
    entries = new EntryTable();
    const requests = new TrafficControlRequests(new NetworkLock(), { open: tc.open });
    moves = new RuleMoves(new StepSender(requests, 'hardware'), entries, 'hardware');
    lost = [];
    mayInstall = true;
    const serial = new SerialQueue();
    pauses = new Pauses({
      entries,
      moves,
      heartbeatMs: HEARTBEAT_MS,
      pauseMs: PAUSE_MS,
      inTurn: (task) => {
        const turn = serial.run(task);
        turns.push(turn);
        return turn;
      },
      mayInstall: () => mayInstall,
      onLost: (ids) => {
        lost = ids;
      },
    });
  });

  /** Entries with a rule each, the first `due` of which have not beaten for a period. */
  async function rules(count: number, due: number): Promise<readonly Entry[]> {
    const device = new ServedDevice('in', IN, { madeClsact: true, optionBytes: 0 }, 0);
    const made = Array.from({ length: count }, (_, n): Entry => {
      const flow = fakeFlow(n, 'out');
      const ports = {
        get: (name: string) => ({ ifindex: name === 'in' ? IN : 12, isInternal: false }),
        problem: () => '',
      };
      const outcome = encodeRule(flow, ports, {
        heartbeat: false,
        isInSoftware: false,
        canForbidFragments: true,
      });
      assert(outcome.ok);
      const place = placeOf(outcome.rule.protocol);
      return {
        id: flow.id,
        key: formatFlowId(flow.id),
        device,
        place,
        handle: device.takeHandle(),
        rule: outcome.rule,
        adopted: undefined,
        ports: [],
        hasHeartbeat: false,
        ...newState(place),
        state: 'lapsed',
        beatAtMs: 0,
      };
    });
    for (const entry of made) entries.add(entry);
    await moves.putBack(made);
    for (const entry of made.slice(0, due)) entry.beatAtMs = monotonicMs() - HEARTBEAT_MS;
    return made;
  }

  /** Begins what is due, and waits until the rules are out; no timer fires before the test goes on. */
  async function begin(): Promise<void> {
    turns = [];
    pauses.begin();
    assert.equal(turns.length, 1);
    await turns[0];
  }

  it('take the rules that are due out for a moment, with their counters', async () => {
    const [first, second] = await rules(2, 1);
    const [filter] = tc.of(IN);
    filter.packets = 5;
    filter.bytes = 500;
    await begin();
    assert.deepEqual([first.state, second.state], ['paused', 'installed']);
    assert.equal(tc.of(IN).length, 1);
    assert.deepEqual([first.unreportedPackets, first.unreportedBytes], [5, 500]);
    await pauses.close();
    assert.equal(first.state, 'installed');
    assert.equal(tc.of(IN).length, 2);
    assert.equal(first.packets, 0, 'the new rule counts from zero');
    assert(monotonicMs() - first.beatAtMs < HEARTBEAT_MS);
  });

  it('leave rules out that were deleted, or when the lease has lapsed', async () => {
    const [first, second] = await rules(2, 2);
    await begin();
    await moves.remove([first]);
    mayInstall = false;
    await pauses.close();
    assert.equal(tc.of(IN).length, 0);
    assert.equal(second.state, 'lapsed');
    assert.equal(entries.size, 1);
  });

  it('report flows whose rules cannot come back', async () => {
    const [first] = await rules(1, 1);
    await begin();
    tc.refuse = () => ({ errno: constants.errno.ENOSPC, words: 'taken by another' });
    await pauses.close();
    assert.deepEqual(lost, [first.id]);
    assert.equal(entries.size, 0);
  });
});
