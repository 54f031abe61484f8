import type { FlowAction, FlowActions } from '../../../engine/model/action.ts';
import type { FieldMatch } from '../../../engine/model/match.ts';
import { type Attribute, attributesIn } from '../../../protocols/netlink/attributes.ts';
import { NetlinkMalformed } from '../../../protocols/netlink/errors.ts';
import { ACTION, actionsText } from './action-text.ts';
import type { KeyReader, PortName } from './key-reader.ts';

const CFI = 0x1000;

/**
 * Reads the actions of a flow of the kernel datapath (`OVS_ACTION_ATTR_*`) as the text of the same
 * actions reads, see `adapters/ovs/dump/actions.ts`. Actions without a kind in the model become
 * opaque, so that backends refuse them.
 *
 * @returns undefined when the attributes are malformed
 */
export function readActions(
  bytes: Buffer,
  keys: KeyReader,
  portName: PortName,
): FlowActions | undefined {
  try {
    const actions = attributesIn(bytes);
    if (actions.length === 1 && actions[0].type === ACTION.drop) return [];
    return actions.flatMap((action) => readAction(action, keys, portName));
  } catch (error) {
    if (error instanceof NetlinkMalformed) return undefined;
    throw error;
  }
}

function readAction(action: Attribute, keys: KeyReader, portName: PortName): FlowActions {
  const { type, value } = action;
  switch (type) {
    case ACTION.output:
      if (value.length !== 4) break;
      return [{ kind: 'output', port: portName(value.readUInt32LE(0)) }];
    case ACTION.popVlan:
      return [{ kind: 'pop-vlan' }];
    case ACTION.pushVlan: {
      const push = pushVlan(value);
      if (push !== undefined) return [push];
      break;
    }
    case ACTION.set:
    case ACTION.setMasked: {
      const fields = fieldsOf(action, keys);
      if (fields !== undefined) return fields.map((field) => ({ kind: 'set', ...field }));
      break;
    }
    default:
  }
  return [{ kind: 'opaque', text: actionsText([action], portName) }];
}

/** A tag with a cleared CFI bit has no kind in the model. */
function pushVlan(value: Buffer): FlowAction | undefined {
  if (value.length !== 4) return undefined;
  const tci = value.readUInt16BE(2);
  if ((tci & CFI) === 0) return undefined;
  return { kind: 'push-vlan', tpid: value.readUInt16BE(0), vid: tci & 0xfff, pcp: tci >>> 13 };
}

/** The fields that a `set` action writes; undefined when it writes others. */
function fieldsOf({ type, value }: Attribute, keys: KeyReader): readonly FieldMatch[] | undefined {
  const [written] = attributesIn(value);
  if (written === undefined) return undefined;
  if (type === ACTION.set) return keys.fieldsOf(written.type, written.value, undefined);
  const half = written.value.length >> 1;
  const mask = written.value.subarray(half);
  return keys.fieldsOf(written.type, written.value.subarray(0, half), mask);
}
