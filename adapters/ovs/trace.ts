import type { CurrentActions } from '../../engine/ports/flow-verifier.ts';
import { parseActions } from './dump/actions.ts';
import type { KeyParser } from './dump/key.ts';

/** What begins the line with the datapath actions of the traced packet. */
const ACTIONS = /^Datapath actions: (.*)$/m;
/** What begins the trace of a packet after it has been recirculated. */
const NEXT_PASS = /^=+$/m;
/** What the trace says after the actions when the datapath flow has others. */
const SLOW_PATH = 'This flow is handled by the userspace slow path';
const FAILED = 'Translation failed';

/** Verbose output of `dpctl/get-flow` for one flow: `ufid:..., KEY, packets:...`. */
const FLOW = /^(?:ufid:[-0-9a-f]+, )?(.*?), packets:/;

/** End of vswitchd's message about a flow that the datapath does not have (ENOENT). */
export const NO_SUCH_FLOW = '(No such file or directory)';

/** The key in the output of `dpctl/get-flow`, as `ofproto/trace` takes it; undefined without one. */
export function keyOfFlow(text: string): string | undefined {
  return FLOW.exec(text)?.[1];
}

/**
 * Reads the datapath actions from the output of `ofproto/trace` (ofproto/ofproto-dpif-trace.c,
 * ofproto_trace). Only the first pass counts: a datapath flow has the actions of one.
 */
export function readTrace(text: string, keys: KeyParser): CurrentActions {
  const [pass] = text.split(NEXT_PASS, 1);
  const found = ACTIONS.exec(pass)?.[1].trim();
  if (found === undefined) return unknown('the trace has no datapath actions');
  if (pass.includes(FAILED)) return unknown('the vSwitch could not translate the flow');
  if (pass.includes(SLOW_PATH)) return unknown('ovs-vswitchd itself handles the flow');
  const bytes = Buffer.from(found, 'utf8');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const actions = parseActions(bytes, view, 0, bytes.length, keys);
  if (actions === undefined) return unknown('the datapath actions of the trace are malformed');
  // Their text depends on state that a trace does not have: sessions, process ids, drop reasons.
  const opaque = actions.find((action) => action.kind === 'opaque');
  if (opaque?.kind === 'opaque') return unknown(`the trace has the action ${opaque.text}`);
  return { kind: 'known', actions };
}

function unknown(why: string): CurrentActions {
  return { kind: 'unknown', why };
}
