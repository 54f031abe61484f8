import { errorMessage } from '../../text/error-message.ts';
import { flowPiece, type FlowPiece, type FlowQuestion } from '../data/flow-window.ts';
import { useEffect, useRef, useState } from '../vendor/preact.js';

/** From one answer to the next question while nothing changes, ms. */
const PERIOD_MS = 1_000;
/** Wait until somebody has stopped typing or scrolling, ms. */
const SETTLE_MS = 90;

/** What is known of the flows that the table shows. */
export interface WatchedFlows {
  readonly piece: FlowPiece | undefined;
  /** The first answer to the question as it is. */
  readonly answered: FlowPiece | undefined;
  /** Why there is no newer answer. */
  readonly problem: string | undefined;
}

/**
 * The flows that the table looks at: asked for when the question or the place changes, and once a
 * second while `goesOn`. One question is on its way at a time; answers to older ones are dropped.
 */
export function useFlowPiece(
  question: FlowQuestion,
  wanted: { readonly first: number; readonly number: number },
  goesOn: boolean,
): WatchedFlows {
  const [piece, setPiece] = useState<FlowPiece | undefined>(undefined);
  const [answered, setAnswered] = useState<FlowPiece | undefined>(undefined);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const answeredTo = useRef<FlowQuestion | undefined>(undefined);
  const repeats = useRef(goesOn);
  repeats.current = goesOn;
  const { first, number } = wanted;

  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const round = async (must: boolean): Promise<void> => {
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
          setProblem(errorMessage(error));
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
