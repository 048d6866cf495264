import type { CutWay } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import type { Links, LinkTraffic } from '../../../links.js';
import { pickPort, releasePort } from '../../process/port.js';
import { Relay } from '../../process/relay.js';

const NAMED_LINK = /\{link:([a-z0-9][a-z0-9-]*)\}/g;

/** Whose command names links: the number of a node, or the name of a service. */
type Owner = string;

interface Link {
  readonly from: Owner;
  readonly to: Owner;
  readonly port: number;
  readonly relay: Relay;
}

/** `out` of one end is `in` of the other. */
const seenFrom = (link: Link, owner: Owner, way: CutWay): CutWay => {
  if (link.from === owner || (way !== 'out' && way !== 'in')) return way;
  return way === 'out' ? 'in' : 'out';
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
        this.#links.push({ from, to, port: await pickPort(), relay: new Relay(far) });
      }
    }
  }

  fill(owner: Owner, command: string): string {
    const find = (to: string) => this.#links.find((link) => link.from === owner && link.to === to);
    return command.replaceAll(NAMED_LINK, (whole, to: string) => String(find(to)?.port ?? whole));
  }

  /** Before any program is started. */
  async listen(): Promise<void> {
    await Promise.all(this.#links.map(({ relay, port }) => relay.listen(port)));
  }

  /** Power over all links of one program, in both directions; undefined where it has none. */
  of(owner: Owner): Links | undefined {
    const links = this.#links.filter(({ from, to }) => from === owner || to === owner);
    if (links.length === 0) return undefined;
    return {
      cut: (way) => {
        for (const link of links) link.relay.cut(seenFrom(link, owner, way));
      },
      delay: (ms) => {
        for (const { relay } of links) relay.delay(ms);
      },
      heal: () => {
        for (const { relay } of links) relay.heal();
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
    for (const { relay } of this.#links) relay.heal();
  }

  close(): void {
    for (const { relay, port } of this.#links) {
      relay.close();
      releasePort(port);
    }
  }
}
