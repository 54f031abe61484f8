import type { FlowAction, FlowActions } from './action.ts';
import { tunnelName } from './tunnel.ts';

/** Actions in one line, for logs and explanations; `drop` for an empty list. */
export function actionsText(actions: FlowActions): string {
  return actions.length === 0 ? 'drop' : actions.map(actionText).join(', ');
}

function actionText(action: FlowAction): string {
  switch (action.kind) {
    case 'output':
      return action.port;
    case 'set':
      return `set ${action.field} ${hex(action.value)}`;
    case 'push-vlan':
      return `push VLAN ${action.vid}`;
    case 'pop-vlan':
      return 'pop VLAN';
    case 'push-tunnel':
      return `push ${tunnelName(action.header)}`;
    case 'opaque':
      return action.text;
  }
  return 'unknown';
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
