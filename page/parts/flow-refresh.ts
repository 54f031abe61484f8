import { errorMessage } from '../../text/error-message.ts';
import { flowPiece, type FlowPiece, type FlowQuestion } from '../data/flow-window.ts';
import { useEffect, useRef, useState } from '../vendor/preact.js';

/** Time between a response and the next request, ms. */
const PERIOD_MS = 1_000;
/** Quiet time after typing or scrolling before a request, ms. */
const SETTLE_MS = 90;

/** The loaded flows of the table. */
export interface WatchedFlows {
  readonly piece: FlowPiece | undefined;
  /** The first response to the current query. */
  readonly answered: FlowPiece | undefined;
  /** Error of the last request. */
  readonly problem: string | undefined;
}

/**
 * The flows of the table: requested when the query or the position changes, and every second while
 * `goesOn`. At most one request is in flight; outdated responses are dropped.
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
