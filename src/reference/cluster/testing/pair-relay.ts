import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** `reset`: what is open is reset and new connections are. `dropped`: everything is swallowed, and nobody is told. */
export type CutWay = 'reset' | 'dropped';

interface Pair {
  near: Socket;
  far: Socket;
  /** The process that opened it. */
  from: number | undefined;
  isLost: boolean;
}

/** The process behind the far end of a connection on this machine; Linux shows it. */
const ownerOf = (port: number, candidates: readonly number[]): number | undefined => {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .find((text) => text.trim().split(/\s+/)[1]?.endsWith(`:${hex}`));
  const inode = line?.trim().split(/\s+/)[9];
  return candidates.find((pid) => socketsOf(pid).includes(`socket:[${inode}]`));
};

const socketsOf = (pid: number): string[] => {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    });
  } catch {
    return [];
  }
};

/**
 * Stands before one member of an engine whose members have one address for everybody, and tells by the process behind each
 * connection whom it leads away from: so a member can be cut off in both directions.
 */
export class PairRelay {
  readonly #farPort: number;
  readonly #processes: () => readonly number[];
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** Processes that reach nobody here; `all`: nobody does. */
  readonly #cuts = new Map<number | 'all', CutWay>();

  constructor(port: number, farPort: number, processes: () => readonly number[]) {
    this.#farPort = farPort;
    this.#processes = processes;
    this.#server = createServer((near) => this.#open(near)).listen(port, '127.0.0.1');
  }

  cut(who: number | 'all', way: CutWay): void {
    this.#cuts.set(who, way);
    for (const pair of this.#pairs) this.#judge(pair);
  }

  /** What was swallowed from is reset: nobody can go on in the middle of a stream. */
  heal(): void {
    this.#cuts.clear();
    for (const pair of [...this.#pairs]) if (pair.isLost) this.#end(pair);
  }

  close(): void {
    this.#server.close();
    for (const pair of [...this.#pairs]) this.#end(pair);
  }

  #open(near: Socket): void {
    const from = ownerOf(near.remotePort ?? 0, this.#processes());
    const far = connect({ port: this.#farPort, host: '127.0.0.1' });
    const pair: Pair = { near, far, from, isLost: false };
    this.#pairs.add(pair);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.setNoDelay(true);
      one.on('data', (chunk) => {
        if (!pair.isLost) other.write(chunk);
      });
      one.on('error', () => undefined);
      one.on('close', () => {
        if (!pair.isLost) this.#end(pair);
      });
    }
    this.#judge(pair);
  }

  #judge(pair: Pair): void {
    const way = this.#cuts.get('all') ?? (pair.from === undefined ? undefined : this.#cuts.get(pair.from));
    if (way === 'reset') this.#end(pair);
    else if (way === 'dropped') pair.isLost = true;
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.near.resetAndDestroy();
    pair.far.resetAndDestroy();
  }
}
