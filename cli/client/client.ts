import { bounded } from '../../async/bounded.ts';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  connectionError,
  ControlMismatch,
  ControlRefused,
  ControlTimeout,
} from './client-errors.ts';
import { decisionQueryParameters } from '../../api/decision-query.ts';
import { flowQueryParameters } from '../../api/flow-query-parameters.ts';
import { linesOf } from './lines.ts';
import {
  isDecisionPage,
  isFlowPage,
  isHoldView,
  isReloadView,
  isStatusView,
  isTickLine,
  isWhyAnswer,
  type TickLine,
} from '../../api/view-guards.ts';
import { asError, errorCode } from '../../text/error-message.ts';
import type { FlowPage, FlowQuery, WhyAnswer } from '../../api/flow-views.ts';
import type { StatusView } from '../../api/status-view.ts';
import type { HoldView, ReloadView } from '../../api/command-views.ts';
import type { DecisionQuery } from '../../api/decision-query.ts';
import type { DecisionPage } from '../../api/decision-record.ts';

/** Errors of a connection that was accepted and closed before an answer. */
const CLOSED_UNANSWERED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);
/** Maximum time for a response, ms. */
const TIMEOUT_MS = 10_000;
/** Time for which a connection that the daemon closes without an answer is retried, ms. */
const RETRY_MS = 3_000;
const RETRY_PAUSE_MS = 200;
/** Maximum size of a response or a line of a stream, bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * A client of the daemon's control socket.
 *
 * Every method rejects with DaemonUnreachable, ControlForbidden, ControlTimeout, ControlRefused or
 * ControlMismatch.
 */
export class ControlClient {
  readonly path: string;
  readonly #timeoutMs: number;

  constructor(path: string, timeoutMs = TIMEOUT_MS) {
    this.path = path;
    this.#timeoutMs = timeoutMs;
  }

  status(): Promise<StatusView> {
    return this.#ask('GET', '/api/v1/status', isStatusView);
  }

  flows(query: FlowQuery): Promise<FlowPage> {
    return this.#ask('GET', `/api/v1/flows?${flowQueryParameters(query)}`, isFlowPage);
  }

  why(id: string): Promise<WhyAnswer> {
    return this.#ask('GET', `/api/v1/flows/${encodeURIComponent(id)}/why`, isWhyAnswer);
  }

  decisions(query: DecisionQuery): Promise<DecisionPage> {
    return this.#ask('GET', `/api/v1/decisions?${decisionQueryParameters(query)}`, isDecisionPage);
  }

  onloadAll(): Promise<HoldView> {
    return this.#ask('POST', '/api/v1/onload-all', isHoldView);
  }

  resume(): Promise<HoldView> {
    return this.#ask('POST', '/api/v1/resume', isHoldView);
  }

  reload(): Promise<ReloadView> {
    return this.#ask('POST', '/api/v1/reload', isReloadView);
  }

  /** Ticks as they happen, until the daemon exits or `signal` aborts (which is not an error). */
  async *ticks(query: FlowQuery, signal: AbortSignal): AsyncGenerator<TickLine> {
    try {
      const response = await this.#open(
        'GET',
        `/api/v1/ticks?${flowQueryParameters(query)}`,
        signal,
      );
      if (response.statusCode !== 200) throw refusal(await bodyOf(response));
      for await (const line of linesOf(response, MAX_BYTES)) {
        yield this.#checked(parsed(line), isTickLine);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /**
   * The daemon's recording (replay/recording/format.ts), until the daemon exits or `signal` aborts
   * (which is not an error).
   */
  async *recording(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      const response = await this.#open('GET', '/api/v1/recording', signal);
      if (response.statusCode !== 200) throw refusal(await bodyOf(response));
      for await (const chunk of response) yield Buffer.from(chunk);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #ask<Answer>(
    method: 'GET' | 'POST',
    target: string,
    is: (value: unknown) => value is Answer,
  ): Promise<Answer> {
    const timeoutMs = this.#timeoutMs;
    const message = `${this.path} did not answer within ${timeoutMs} ms; is the daemon busy or stopped?`;
    const late = (): Error => new ControlTimeout(message);
    return bounded({ until: [], timeoutMs, late, abandon: true }, async (signal) => {
      const response = await this.#open(method, target, signal);
      const body = await bodyOf(response);
      if (is(body)) return body;
      if (response.statusCode === 200) return this.#checked(body, is);
      throw refusal(body);
    });
  }

  #checked<Answer>(value: unknown, is: (value: unknown) => value is Answer): Answer {
    if (is(value)) return value;
    throw new ControlMismatch(
      `${this.path} sent a response that this command does not understand; are both of the same version?`,
    );
  }

  /**
   * Sends a request; resolves to the head of its response. Retries while the daemon closes the
   * connection unanswered: it does so until it has released descriptors for it.
   */
  async #open(method: string, target: string, signal: AbortSignal): Promise<IncomingMessage> {
    const untilMs = performance.now() + RETRY_MS;
    for (;;) {
      try {
        return await this.#send(method, target, signal);
      } catch (error) {
        const code = errorCode(error) ?? '';
        const again = CLOSED_UNANSWERED.has(code) && performance.now() < untilMs;
        if (!again || signal.aborted) throw connectionError(this.path, asError(error));
      }
      await sleep(RETRY_PAUSE_MS);
    }
  }

  #send(method: string, target: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: this.path, method, path: target, signal });
      outgoing.once('response', resolve);
      outgoing.on('error', reject);
      outgoing.end();
    });
  }
}

async function bodyOf(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > MAX_BYTES) {
      throw new ControlMismatch(`the response is longer than ${MAX_BYTES} bytes`);
    }
    chunks.push(buffer);
  }
  return parsed(Buffer.concat(chunks).toString());
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ControlMismatch('the response is not JSON; is this the socket of a norikae daemon?', {
      cause: error,
    });
  }
}

function refusal(body: unknown): Error {
  const cause = typeof body === 'object' && body !== null && 'error' in body ? body.error : body;
  return new ControlRefused(typeof cause === 'string' ? cause : JSON.stringify(cause));
}
