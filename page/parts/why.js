import { api } from '../data/api.js';
import { h, html, useEffect, useRef, useState } from '../vendor/preact.js';
import { WhyAnswer } from './why-answer.js';

/** @import { WhyView } from '../../api/flow-views.ts' */

/** From one answer to the next question while it is open, ms. */
const PERIOD_MS = 2_000;

/**
 * Why a flow is where it is, over the page; it is asked again while it is open.
 *
 * @param {{ readonly flow: string | undefined, readonly close: () => void }} props
 */
export function Why({ flow, close }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
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
      onClick=${(/** @type {MouseEvent} */ event) => {
        // The dialog itself is only hit beside its content.
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

/**
 * @param {string | undefined} flow
 * @returns {{ readonly why: WhyView | undefined, readonly note: string | undefined }} `note`: why
 *   there is no newer answer
 */
function useWhy(flow) {
  const [why, setWhy] = useState(/** @type {WhyView | undefined} */ (undefined));
  const [note, setNote] = useState(/** @type {string | undefined} */ (undefined));
  useEffect(() => {
    setWhy(undefined);
    setNote(undefined);
    if (flow === undefined) return undefined;
    let over = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const round = async () => {
      try {
        const answer = await api.why(flow);
        if (over) return;
        if (answer.found) setWhy(answer.why);
        setNote(answer.found ? undefined : 'This flow has left the vSwitch.');
      } catch (error) {
        if (over) return;
        setNote(error instanceof Error ? error.message : String(error));
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
