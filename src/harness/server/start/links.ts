import type { CutWay } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import type { Links, LinkTraffic } from '../../../links.js';
import { pickPort, releasePort } from '../../process/port.js';
import { Relay } from '../../process/relay.js';
import { linkPortHeld } from './start-failure.js';

const NAMED_LINK = /\{link:([a-z0-9][a-z0-9-]*)\}/g;

/** Whose command names links: the number of a node, or the name of a service. */
type Owner = string;

/** What the program at one end of a link has done to it. */
interface Hold {
  /** As the relay sees it. */
  readonly way?: CutWay;
  readonly delayMs?: number;
}

interface Link {
  readonly from: Owner;
  readonly to: Owner;
  readonly port: number;
  readonly relay: Relay;
  /** Both ends may have been cut off: it is whole when neither is. */
  readonly holds: Map<Owner, Hold>;
}

/** `out` of one end is `in` of the other. */
const seenFrom = (link: Link, owner: Owner, way: CutWay): CutWay => {
  if (link.from === owner || (way !== 'out' && way !== 'in')) return way;
  return way === 'out' ? 'in' : 'out';
};

/** What is lost where several have cut the same link. */
const waysTogether = (ways: readonly (CutWay | undefined)[]): CutWay | undefined => {
  if (ways.includes('refused')) return 'refused';
  if (ways.includes('both') || (ways.includes('out') && ways.includes('in'))) return 'both';
  return ways.find((way) => way === 'out' || way === 'in') ?? ways.find((way) => way !== undefined);
};

const wayOf = ({ holds }: Link): CutWay | undefined => waysTogether([...holds.values()].map(({ way }) => way));

const hold = (link: Link, owner: Owner, change: Hold): void => {
  link.holds.set(owner, { ...link.holds.get(owner), ...change });
  if (change.way !== undefined) link.relay.cut(change.way);
  const way = wayOf(link);
  if (way !== undefined && way !== change.way) link.relay.cut(way);
  link.relay.delay(Math.max(...[...link.holds.values()].map(({ delayMs = 0 }) => delayMs)));
};

/** One end lets go. What the other end still holds stays so. */
const letGo = (link: Link, owner: Owner): void => {
  const before = wayOf(link);
  link.holds.delete(owner);
  const way = wayOf(link);
  const delayMs = Math.max(0, ...[...link.holds.values()].map((one) => one.delayMs ?? 0));
  if (way !== before || way === undefined) link.relay.heal();
  if (way !== undefined && way !== before) link.relay.cut(way);
  link.relay.delay(delayMs);
};

/** The relays between the programs of a cluster: one for each ordered pair that a command names as `{link:NAME}`. */
export class LinkSet {
  readonly #links: Link[] = [];

  /** Makes the links that the commands ask for. Throws a usage KitError for a name that is nobody's. */
  async provide(commands: ReadonlyMap<Owner, string>, portOf: (owner: Owner) => number | undefined): Promise<void> {
    for (const [from, command] of commands) {
      const names = new Set([...command.matchAll(NAMED_LINK)].map(([, name = '']) => name));
      for (const to of names) {
        const far = portOf(to);
        if (far === undefined || !commands.has(to)) {
          throw new KitError(
            'usage',
            `{link:${to}} leads to no node and to no service with a {port:${to}}`,
            `Known: ${[...commands.keys()].join(', ')}.`,
            { field: 'exec' },
          );
        }
        this.#links.push({ from, to, port: await pickPort(), relay: new Relay(far), holds: new Map() });
      }
    }
  }

  fill(owner: Owner, command: string): string {
    const find = (to: string) => this.#links.find((link) => link.from === owner && link.to === to);
    return command.replaceAll(NAMED_LINK, (whole, to: string) => String(find(to)?.port ?? whole));
  }

  /** Before any program is started. Rejects with a KitError when another program holds one of the ports. */
  async listen(): Promise<void> {
    const listening = this.#links.map(async ({ relay, port }) => {
      try {
        await relay.listen(port);
      } catch (cause) {
        throw (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? linkPortHeld(port, cause) : cause;
      }
    });
    // Whoever closes them must know that none is about to begin.
    const failed = (await Promise.allSettled(listening)).find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Power over all links of one program, in both directions; undefined where it has none. */
  of(owner: Owner): Links | undefined {
    const links = this.#links.filter(({ from, to }) => from === owner || to === owner);
    if (links.length === 0) return undefined;
    return {
      cut: async (way) => {
        for (const link of links) hold(link, owner, { way: seenFrom(link, owner, way) });
      },
      delay: async (ms) => {
        for (const link of links) hold(link, owner, { delayMs: ms });
      },
      heal: async () => {
        for (const link of links) letGo(link, owner);
      },
      get traffic(): LinkTraffic {
        const all = links.map(({ relay }) => relay.traffic);
        return {
          carried: all.reduce((sum, { carried }) => sum + carried, 0),
          blocked: all.reduce((sum, { blocked }) => sum + blocked, 0),
        };
      },
    };
  }

  healAll(): void {
    for (const { relay, holds } of this.#links) {
      holds.clear();
      relay.heal();
    }
  }

  close(): void {
    for (const { relay, port } of this.#links) {
      relay.close();
      releasePort(port);
    }
  }
}
