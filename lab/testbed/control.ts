import { request } from 'node:http';
import type { FlowPage, FlowView, StatusView } from '../../daemon/control/view.ts';

/** The daemon's control socket did not answer, or not with what was asked for. */
export class ControlFailed extends Error {
  override readonly name = 'ControlFailed';
}

const TIMEOUT_MS = 5_000;
const ALL_FLOWS = '/v1/flows?limit=10000';

/** Asks a daemon over its control socket: HTTP on a unix socket. */
export class ControlClient {
  readonly socketPath: string;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  /** @throws {ControlFailed} */
  async status(): Promise<StatusView> {
    const answer = await this.#ask('GET', '/v1/status');
    if (!isStatus(answer)) throw new ControlFailed(`not a status: ${JSON.stringify(answer)}`);
    return answer;
  }

  /**
   * Every flow of the last tick.
   *
   * @throws {ControlFailed}
   */
  async flows(): Promise<readonly FlowView[]> {
    const answer = await this.#ask('GET', ALL_FLOWS);
    if (!isFlowPage(answer)) throw new ControlFailed(`not flows: ${JSON.stringify(answer)}`);
    return answer.flows;
  }

  /** Everything back on the vSwitch, and held there. */
  async onloadAll(): Promise<void> {
    await this.#ask('POST', '/v1/onload-all');
  }

  /** The end of that hold. */
  async resume(): Promise<void> {
    await this.#ask('POST', '/v1/resume');
  }

  #ask(method: string, path: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) =>
        reject(new ControlFailed(`${method} ${path} on ${this.socketPath}: ${why}`));
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const options = { socketPath: this.socketPath, method, path, signal, agent: false };
      const asked = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.once('error', (error) => fail(error.message));
        response.once('end', () => {
          if (response.statusCode !== 200) {
            fail(`status ${response.statusCode}: ${text}`);
            return;
          }
          try {
            resolve(JSON.parse(text));
          } catch {
            fail(`not JSON: ${text.slice(0, 200)}`);
          }
        });
      });
      asked.once('error', (error) => fail(error.message));
      asked.end();
    });
  }
}

function isStatus(value: unknown): value is StatusView {
  return isRecord(value) && isRecord(value.tick) && Array.isArray(value.sources);
}

function isFlowPage(value: unknown): value is FlowPage {
  return isRecord(value) && Array.isArray(value.flows) && value.flows.every(isFlow);
}

function isFlow(value: unknown): value is FlowView {
  return (
    isRecord(value) &&
    typeof value.id === 'string' &&
    typeof value.match === 'string' &&
    typeof value.inPort === 'string' &&
    typeof value.placement === 'string' &&
    typeof value.packets === 'number' &&
    typeof value.carriedBytes === 'number'
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
