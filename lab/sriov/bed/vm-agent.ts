import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { packageRoot } from '../../../platform/package-root.ts';
import type { Cleanup } from '../../testbed/cleanup.ts';
import type { Namespace } from '../../testbed/namespace.ts';

type Agent = ChildProcessByStdio<Writable, Readable, null>;

/**
 * The agent in a VM, and the socket of its channel on the host. As with vsock and socat (docs/sriov.md), each
 * connection has an agent of its own, and each ends with the other.
 */
export class VmAgent {
  readonly #vm: Namespace;
  readonly #server: Server;
  #agent: Agent | undefined;
  #isStopping = false;

  private constructor(vm: Namespace, server: Server) {
    this.#vm = vm;
    this.#server = server;
    server.on('connection', (host) => this.#serve(host));
  }

  /** Creates the socket; agents run in the VM's namespace. */
  static async listen(cleanup: Cleanup, vm: Namespace, socket: string): Promise<VmAgent> {
    const server = createServer();
    const agent = new VmAgent(vm, server);
    cleanup.add({
      name: `agent and channel at ${socket}`,
      undo: async () => {
        server.close();
        await agent.kill();
        await rm(socket, { force: true });
      },
      undoNow: () => {
        agent.#agent?.kill('SIGKILL');
        rmSync(socket, { force: true });
      },
    });
    server.listen(socket);
    await once(server, 'listening');
    return agent;
  }

  /** Kills the agent. Its guardian is a process of its own. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /**
   * Ends the agent as a machine that shuts down does: it waits for the host to move the traffic back. The
   * socket stays until then, and no other agent begins.
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#end('SIGTERM');
    this.#server.close();
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const agent = this.#agent;
    if (agent === undefined) return;
    const ended = once(agent, 'exit');
    agent.kill(signal);
    await ended;
  }

  #serve(host: Socket): void {
    if (this.#isStopping) {
      host.destroy();
      return;
    }
    const main = join(packageRoot(), 'dist', 'guest', 'main.js');
    const args = ['netns', 'exec', this.#vm.name, process.execPath, main, '--stdio'];
    const agent = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#agent = agent;
    host.on('error', () => undefined);
    agent.stdin.on('error', () => undefined);
    host.pipe(agent.stdin);
    agent.stdout.pipe(host);
    host.once('close', () => agent.stdin.end());
    agent.once('exit', () => {
      host.destroy();
      if (this.#agent === agent) this.#agent = undefined;
    });
  }
}
