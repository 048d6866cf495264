import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { AckR, MsgR } from '../../../schemas/index.js';
import { CLOSE, WIRE } from '../../../schemas/wire.js';
import { type Identity, tellStoredAfterMs } from '../../protocol/index.js';
import type { ClusterLoop } from '../cluster/cluster-loop.js';
import { Admission } from './admission.js';
import { tellSender } from './answer.js';
import { CommitLoop, type CommitLoopHost, type Loop } from './commit-loop.js';
import { CLOSE_TIMEOUT_MS, Connection } from './connection.js';
import { CorkGroup } from './cork.js';
import { Counters } from './counters.js';
import { createHttp } from './create-http.js';
import { Handshakes } from './handshakes.js';
import { startHeartbeat } from './heartbeat.js';
import { answerHttp, describe, type HttpPages, looksAfterPeers, refuseUpgrade } from './http.js';
import { listen } from './listen.js';
import { createLog, type Log } from './log.js';
import { MemoryStore } from './memory-store.js';
import { Metrics } from './metrics.js';
import { openStore } from './open-store.js';
import { readOptions, type ServerConfig, type ServerOptions } from './options.js';
import { Outbox, type OutboxHost } from './outbox.js';
import { newEpoch } from './records.js';
import { Registry } from './registry.js';
import type { Store } from './store.js';
import { startSweeper } from './sweeper.js';
import { createTokenReader, type TokenReader } from './tokens.js';
import { UserCache } from './user-cache.js';

export interface RunningServer {
  /** Such as `ws://127.0.0.1:9001/`, with TLS `wss:`. */
  url: string;
  port: number;
  /** Ends what is being stored, answers it, closes every connection with 1001, and closes the store. Takes a few seconds at most. */
  stop(): Promise<void>;
}

const monotonic = (): number => performance.now();

/** Takes the place of the commits of a single server. */
type MakeClusterLoop = (host: CommitLoopHost) => ClusterLoop;

/** Loaded only in a node of a cluster. */
const clusterLoopOf = async ({ cluster, timers }: ServerConfig, store: Store): Promise<MakeClusterLoop | undefined> => {
  if (!cluster) return undefined;
  if (!(store instanceof MemoryStore)) throw new Error('a node of a cluster stores in memory');
  const { ClusterLoop } = await import('../cluster/cluster-loop.js');
  const { log: logOfAll, node } = cluster;
  return (host) => new ClusterLoop({ ...host, ...timers, store, logOfAll, node });
};

/** All that the connections of one server share. */
class ReferenceServer {
  readonly #config: ServerConfig;
  readonly #log: Log;
  readonly #store: Store;
  readonly #registry = new Registry();
  readonly #cache = new UserCache();
  readonly #cork = new CorkGroup();
  readonly #commitLoop: Loop;
  readonly #cluster: ClusterLoop | undefined;
  readonly #admission: Admission;
  readonly #handshakes: Handshakes;
  readonly #webSockets: WebSocketServer;
  readonly #counters: Counters | undefined;
  readonly #pages: HttpPages;
  #stopped: Promise<void> | undefined;
  readonly #endings: (() => void)[] = [];

  constructor(config: ServerConfig, store: Store, log: Log, readToken: TokenReader, clusterLoop?: MakeClusterLoop) {
    this.#config = config;
    this.#store = store;
    this.#log = log;
    const { classes, limits } = config;
    const { maxBodyBytes, maxFrameBytes, maxFragments } = limits;
    const multiDevice = classes.has('multi-device');
    let metrics: Metrics | undefined;
    if (classes.has('observable')) {
      this.#counters = new Counters({ multiDevice, onFull: () => metrics?.gather() });
      metrics = new Metrics({ counters: this.#counters, connections: () => this.#registry.size });
    }
    this.#pages = { description: describe(config), metrics };
    const host: CommitLoopHost = {
      ...limits,
      maxBodyBytes,
      store,
      registry: this.#registry,
      cache: this.#cache,
      cork: this.#cork,
      log,
      epoch: newEpoch(),
      wallClock: Date.now,
      expires: classes.has('expiry'),
      multiDevice,
      counters: this.#counters,
    };
    this.#cluster = clusterLoop?.(host);
    this.#commitLoop = this.#cluster ?? new CommitLoop(host);
    const cluster = this.#cluster;
    this.#admission = new Admission({
      limits,
      registry: this.#registry,
      cache: this.#cache,
      commitLoop: this.#commitLoop,
      readToken,
      multiDevice,
      isStopping: () => this.#stopping || cluster?.isServing === false,
      ...(cluster ? { onNotOpened: (identity: Identity) => cluster.unclaim(identity) } : {}),
    });
    this.#handshakes = new Handshakes(limits.maxHandshakesPerAddress);
    // The types of ws do not know closeTimeout and maxFragments yet.
    this.#webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: maxFrameBytes,
      maxFragments,
      perMessageDeflate: false,
      handleProtocols: () => WIRE.subprotocol,
      clientTracking: true,
      closeTimeout: CLOSE_TIMEOUT_MS,
    } as ConstructorParameters<typeof WebSocketServer>[0]);
  }

  async start(): Promise<RunningServer> {
    const { host, port, limits, tls } = this.#config;
    const http = await createHttp(this.#config, (request, response) => void this.#onHttp(request, response));
    http.on('connection', (socket: Socket) => this.#handshakes.enter(socket));
    http.on('upgrade', (request, socket, head) => void this.#onUpgrade(request, socket as Socket, head));
    // Some room for requests that are no WebSockets, such as the description.
    http.maxConnections = limits.maxConnections + limits.maxHandshakesPerAddress;
    await this.#commitLoop.start();
    await listen(http, host, port, (error) => this.#log('error', 'accept-failed', { error }));
    this.#startClocks();
    const address = http.address() as AddressInfo;
    const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    this.#log('info', 'listening', { host: address.address, port: address.port });
    return {
      url: `${tls ? 'wss' : 'ws'}://${shownHost}:${address.port}/`,
      port: address.port,
      stop: () => this.#stop(http),
    };
  }

  #startClocks(): void {
    const { timers, classes } = this.#config;
    const sweeper = {
      dedupWindowMs: timers.dedupWindowMs,
      wallClock: Date.now,
      now: monotonic,
      purge: (before: number, limit: number) => this.#commitLoop.purge(before, limit),
    };
    this.#endings.push(startSweeper(sweeper));
    if (!looksAfterPeers(classes)) return;
    const heartbeat = startHeartbeat({
      deadAfterMs: timers.deadAfterMs,
      now: monotonic,
      connections: () => this.#registry.all(),
      onDead: (connection) => {
        this.#log('info', 'dead-peer', { user: connection.user, device: connection.device });
        connection.terminate();
      },
      onStuck: (connection) => {
        this.#log('info', 'slow-peer', { user: connection.user, device: connection.device });
        connection.close(CLOSE.tooSlow, 'too slow');
      },
    });
    this.#endings.push(heartbeat);
  }

  async #onHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await answerHttp(request, response, this.#pages);
    } catch (error) {
      this.#log('error', 'http-failed', { error });
      response.destroy();
    }
  }

  async #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    // From here on the socket has an owner who ends it.
    this.#handshakes.leave(socket);
    const decision = await this.#admission.admit(request);
    if ('refusal' in decision) {
      refuseUpgrade(socket, decision.refusal);
      return;
    }
    const { identity } = decision;
    if (socket.destroyed) {
      this.#cluster?.unclaim(identity);
      return;
    }
    let opened = false;
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      opened = true;
      this.#connect(webSocket, socket, identity);
    });
    if (!opened) this.#cluster?.unclaim(identity);
  }

  #connect(webSocket: WebSocket, socket: Socket, identity: Identity): void {
    const { limits, classes } = this.#config;
    const connection = new Connection(webSocket, socket, identity, monotonic(), {
      ...limits,
      cork: this.#cork,
      ordered: classes.has('ordered'),
      counters: this.#counters,
      ...(this.#cluster ? { mayWrite: () => this.#cluster?.mayWrite === true } : {}),
      isListening: () => !this.#stopping,
      onRequest: (from, packet) => this.#onRequest(from, packet),
      onEnd: (ended) => {
        this.#registry.remove(ended);
        this.#cluster?.ended(ended);
        ended.outbox.end('disconnect');
      },
    });
    connection.outbox = new Outbox(identity.user, this.#outboxHost(connection));
    const older = this.#registry.add(connection);
    older?.outbox.end('connect');
    older?.close(CLOSE.replaced, 'replaced by a newer connection');
    connection.outbox.pump();
    this.#cluster?.opened(connection);
  }

  #outboxHost(connection: Connection): OutboxHost {
    const { limits, classes } = this.#config;
    return {
      now: monotonic,
      wallClock: Date.now,
      device: classes.has('multi-device') ? connection.device : undefined,
      timings: this.#deliveryTimings(),
      maxInFlight: limits.maxInFlight,
      push: (message, attempt) => connection.push(message, attempt),
      isCongested: () => connection.isCongested,
      tellStored: (message) =>
        this.#cluster
          ? this.#cluster.tellStored(message)
          : tellSender(this.#registry, message, 'stored', message.acceptedAt),
      requestScan: (outbox) => this.#commitLoop.requestScan(outbox),
    };
  }

  #deliveryTimings(): OutboxHost['timings'] {
    const { classes, timers } = this.#config;
    if (!classes.has('timed-redelivery')) return undefined;
    const { redeliverAfterMs, redeliverMaxMs, deadAfterMs } = timers;
    return { redeliverAfterMs, redeliverMaxMs, tellStoredAfterMs: tellStoredAfterMs(deadAfterMs) };
  }

  #onRequest(connection: Connection, packet: MsgR | AckR): void {
    this.#commitLoop.submit(
      packet.type === 'msg:R' ? { kind: 'message', connection, packet } : { kind: 'ack', connection, packet },
    );
  }

  get #stopping(): boolean {
    return this.#stopped !== undefined;
  }

  #stop(http: Server): Promise<void> {
    this.#stopped ??= this.#windUp(http);
    return this.#stopped;
  }

  async #windUp(http: Server): Promise<void> {
    for (const end of this.#endings) end();
    const closed = new Promise((resolve) => http.close(resolve));
    await this.#commitLoop.drain();
    for (const webSocket of this.#webSockets.clients) webSocket.close(CLOSE.goingAway, 'the server stops');
    for (const connection of [...this.#registry.all()]) connection.close(CLOSE.goingAway, 'the server stops');
    http.closeAllConnections();
    const cut = setTimeout(() => {
      for (const webSocket of this.#webSockets.clients) webSocket.terminate();
    }, CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(cut);
    await this.#cluster?.leave();
    this.#commitLoop.stop();
    await this.#commitLoop.drain();
    await this.#store.close();
    this.#log('info', 'stopped');
  }
}

/**
 * Starts the reference server. Rejects with a KitError when an option makes no sense, the port is taken, or a file or
 * the data folder cannot be used.
 */
export const startServer = async (options: ServerOptions = {}): Promise<RunningServer> => {
  const config = readOptions(options);
  const log = createLog(config.logLevel, options.log ?? ((line) => process.stderr.write(`${line}\n`)));
  const readToken = await createTokenReader(config.jwtSecret);
  const store = await openStore(config);
  try {
    return await new ReferenceServer(config, store, log, readToken, await clusterLoopOf(config, store)).start();
  } catch (error) {
    await store.close();
    throw error;
  }
};
