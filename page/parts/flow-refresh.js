import { flowPiece } from '../data/flow-window.js';
import { useEffect, useRef, useState } from '../vendor/preact.js';

/** @import { FlowPiece, FlowQuestion } from '../data/flow-window.js' */

/** From one answer to the next question while nothing changes, ms. */
const PERIOD_MS = 1_000;
/** Wait until somebody has stopped typing or scrolling, ms. */
const SETTLE_MS = 90;

/**
 * The flows that the table looks at: asked for when the question or the place changes, and once a
 * second while `goesOn`. One question is on its way at a time; answers to older ones are dropped.
 *
 * @param {FlowQuestion} question
 * @param {{ readonly first: number, readonly number: number }} wanted
 * @param {boolean} goesOn
 * @returns {{
 *   readonly piece: FlowPiece | undefined,
 *   readonly answered: FlowPiece | undefined,
 *   readonly problem: string | undefined,
 * }} `answered`: the first answer to the question as it is
 */
export function useFlowPiece(question, wanted, goesOn) {
  const [piece, setPiece] = useState(/** @type {FlowPiece | undefined} */ (undefined));
  const [answered, setAnswered] = useState(/** @type {FlowPiece | undefined} */ (undefined));
  const [problem, setProblem] = useState(/** @type {string | undefined} */ (undefined));
  const answeredTo = useRef(/** @type {FlowQuestion | undefined} */ (undefined));
  const repeats = useRef(goesOn);
  repeats.current = goesOn;
  const { first, number } = wanted;

  useEffect(() => {
    let over = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const round = async (/** @type {boolean} */ must) => {
      if (must || repeats.current) {
        try {
          const answer = await flowPiece(question, first, number);
          if (over) return;
          setPiece(answer);
          setProblem(undefined);
          if (answeredTo.current !== question) setAnswered(answer);
          answeredTo.current = question;
        } catch (error) {
          if (over) return;
          setProblem(error instanceof Error ? error.message : String(error));
        }
      }
      timer = setTimeout(() => void round(false), PERIOD_MS);
    };
    timer = setTimeout(() => void round(true), SETTLE_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [question, first, number]);
  return { piece, answered, problem };
}
