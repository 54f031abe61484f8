import type { WhyView } from '../../api/flow-views.ts';
import { errorMessage } from '../../text/error-message.ts';
import { api } from '../data/api.ts';
import { h, html, useEffect, useRef, useState, type VNode } from '../vendor/preact.js';
import { WhyAnswer } from './why-answer.ts';

/** Time between a response and the next request while it is open, ms. */
const PERIOD_MS = 2_000;

interface WhyProps {
  readonly flow: string | undefined;
  readonly close: () => void;
}

interface WatchedAnswer {
  readonly why: WhyView | undefined;
  /** Error of the last request. */
  readonly note: string | undefined;
}

/** A dialog that explains a flow's placement; refreshed while it is open. */
export function Why({ flow, close }: WhyProps): VNode {
  const dialog = useRef<HTMLDialogElement | null>(null);
  const { why, note } = useWhy(flow);
  useEffect(() => {
    if (flow !== undefined && dialog.current?.open === false) dialog.current.showModal();
    if (flow === undefined) dialog.current?.close();
  }, [flow]);
  return html`
    <dialog
      class="why"
      ref=${dialog}
      aria-labelledby="why-title"
      onClose=${close}
      onClick=${(event: MouseEvent) => {
        // A click hits the dialog element itself only outside its content.
        if (event.target === dialog.current) close();
      }}
    >
      ${
        flow !== undefined &&
        html`<div class="why-in">
          <div class="why-head">
            <h2 id="why-title">Why this flow is where it is</h2>
            <button type="button" class="close" onClick=${close}>Close</button>
          </div>
          ${note !== undefined && html`<p class="problem" role="status">${note}</p>`}
          ${why === undefined ? note === undefined && html`<p class="waiting">Asking …</p>` : h(WhyAnswer, { why })}
        </div>`
      }
    </dialog>
  `;
}

function useWhy(flow: string | undefined): WatchedAnswer {
  const [why, setWhy] = useState<WhyView | undefined>(undefined);
  const [note, setNote] = useState<string | undefined>(undefined);
  useEffect(() => {
    setWhy(undefined);
    setNote(undefined);
    if (flow === undefined) return undefined;
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const round = async (): Promise<void> => {
      try {
        const answer = await api.why(flow);
        if (over) return;
        if (answer.found) setWhy(answer.why);
        setNote(answer.found ? undefined : 'This flow has left the vSwitch.');
      } catch (error) {
        if (over) return;
        setNote(errorMessage(error));
      }
      timer = setTimeout(() => void round(), PERIOD_MS);
    };
    void round();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [flow]);
  return { why, note };
}
