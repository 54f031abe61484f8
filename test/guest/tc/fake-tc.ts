import type { Tc } from '../../../guest/tc/tc-program.ts';

interface FakeFilter {
  readonly handle: number;
  readonly priority: number;
  readonly text: string;
  packets: number;
  bytes: number;
}

/**
 * tc and its kernel in memory, with what the real ones refuse: filters without hooks, a second filter
 * with the same match, the replacement of a filter by one that matches something else.
 */
export class FakeTc implements Tc {
  /** By `DEVICE HOOK`. */
  readonly filters = new Map<string, FakeFilter[]>();
  readonly #hooked = new Set<string>();
  /** Commands in order, over all batches. */
  readonly commands: string[] = [];
  /** An error for every deletion. */
  deleteError: string | undefined;

  async batch(commands: readonly string[]): Promise<readonly (string | undefined)[]> {
    return commands.map((command) => this.#run(command));
  }

  async show(args: readonly string[]): Promise<string> {
    const device = args[args.indexOf('dev') + 1];
    const filters = this.filters.get(`${device} ${args.at(-1)}`) ?? [];
    return JSON.stringify(
      filters.flatMap(({ handle, priority, packets, bytes }) => [
        { protocol: 'ip', pref: priority, kind: 'flower', chain: 0 },
        {
          protocol: 'ip',
          pref: priority,
          kind: 'flower',
          options: { handle, actions: [{ stats: { packets, bytes } }] },
        },
      ]),
    );
  }

  /** `HANDLE MATCH -> ACTION` of each filter at a hook. */
  at(device: string, hook: 'ingress' | 'egress'): string[] {
    return (this.filters.get(`${device} ${hook}`) ?? []).map((f) => `${f.handle} ${f.text}`);
  }

  #run(command: string): string | undefined {
    this.commands.push(command);
    const qdisc = /^qdisc add dev (\S+) clsact$/.exec(command);
    if (qdisc !== null) {
      if (this.#hooked.has(qdisc[1])) return 'Error: Exclusivity flag on, cannot modify.';
      this.#hooked.add(qdisc[1]);
      return undefined;
    }
    const filter =
      /^filter (replace|del) dev (\S+) (\S+)(?: protocol \S+)? pref (\d+)(?: handle (\S+) flower)?(?: skip_hw (.*))?$/.exec(
        command,
      );
    if (filter === null) return `syntax: ${command}`;
    const [, verb, device, hook, priority, handle, text = ''] = filter;
    if (!this.#hooked.has(device)) return "Error: Parent Qdisc doesn't exists.";
    const place = `${device} ${hook}`;
    const there = this.filters.get(place) ?? [];
    const id = handle === undefined ? undefined : Number(handle);
    const isMeant = (f: FakeFilter): boolean =>
      f.priority === Number(priority) && (id === undefined || f.handle === id);
    if (verb === 'del') {
      if (this.deleteError !== undefined) return this.deleteError;
      this.filters.set(
        place,
        there.filter((f) => !isMeant(f)),
      );
      return there.some(isMeant) ? undefined : 'Error: Specified filter handle not found.';
    }
    if (id === undefined) return 'syntax';
    const match = matchOf(text);
    const same = there.find((f) => f.priority === Number(priority) && matchOf(f.text) === match);
    const earlier = there.find(isMeant);
    if (same !== undefined && same.handle !== id) return 'RTNETLINK answers: File exists';
    if (earlier !== undefined && same === undefined) return 'RTNETLINK answers: Invalid argument';
    const put = { handle: id, priority: Number(priority), text, packets: 0, bytes: 0 };
    this.filters.set(place, [...there.filter((f) => f !== earlier), put]);
    return undefined;
  }
}

function matchOf(text: string): string {
  return text.slice(0, text.indexOf('action'));
}
