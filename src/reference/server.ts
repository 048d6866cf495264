import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { AckR, MsgR } from '../../schemas/index.js';
import { CLOSE, WIRE } from '../../schemas/wire.js';
import { type Identity, type Refusal, refuseAdmission, tellStoredAfterMs } from '../protocol/index.js';
import { tellSender } from './answer.js';
import { CLOSE_TIMEOUT_MS, Connection } from './connection.js';
import { CorkGroup } from './cork.js';
import { startHeartbeat } from './heartbeat.js';
import { answerHttp, describe, readUpgrade, refuseUpgrade, type UpgradeRequest } from './http.js';
import { Known } from './known.js';
import { listen } from './listen.js';
import { createLog, type Log } from './log.js';
import { openStore } from './open-store.js';
import { readOptions, type ServerConfig, type ServerOptions } from './options.js';
import { Outbox, type OutboxHost } from './outbox.js';
import { newEpoch } from './records.js';
import { Registry } from './registry.js';
import type { Store } from './store.js';
import { startSweeper } from './sweeper.js';
import { Turns } from './turns.js';

export interface RunningServer {
  /** Such as `ws://127.0.0.1:9001/`. */
  url: string;
  port: number;
  /** Ends what is being stored, answers it, closes every connection with 1001, and closes the store. Takes a few seconds at most. */
  stop(): Promise<void>;
}

const monotonic = (): number => performance.now();

/** All that the connections of one server share. */
class ReferenceServer {
  readonly #config: ServerConfig;
  readonly #log: Log;
  readonly #store: Store;
  readonly #registry = new Registry();
  readonly #known = new Known();
  readonly #cork = new CorkGroup();
  readonly #turns: Turns;
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;
  /** Upgrades that wait for their user to be stored. */
  #admitting = 0;
  #stopped: Promise<void> | undefined;
  readonly #endings: (() => void)[] = [];

  constructor(config: ServerConfig, store: Store, log: Log) {
    this.#config = config;
    this.#store = store;
    this.#log = log;
    const { maxBodyBytes, maxInboxMessages, maxPendingRequests, maxFrameBytes } = config.limits;
    this.#turns = new Turns({
      store,
      registry: this.#registry,
      known: this.#known,
      cork: this.#cork,
      log,
      epoch: newEpoch(),
      wallClock: Date.now,
      maxBodyBytes,
      maxInboxMessages,
      maxPendingRequests,
    });
    // The types of ws do not know closeTimeout yet.
    this.#webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: maxFrameBytes,
      perMessageDeflate: false,
      handleProtocols: () => WIRE.subprotocol,
      clientTracking: true,
      closeTimeout: CLOSE_TIMEOUT_MS,
    } as ConstructorParameters<typeof WebSocketServer>[0]);
    const description = describe(config);
    const { handshakeTimeoutMs } = config.limits;
    this.#http = createServer(
      {
        headersTimeout: handshakeTimeoutMs,
        requestTimeout: handshakeTimeoutMs,
        connectionsCheckingInterval: Math.ceil(handshakeTimeoutMs / 2),
      },
      (request, response) => answerHttp(request, response, description),
    );
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket as Socket, head));
    // Some room for requests that are no WebSockets, such as the description.
    this.#http.maxConnections = config.limits.maxConnections + 100;
  }

  async start(): Promise<RunningServer> {
    const { host, port, timers, classes } = this.#config;
    await listen(this.#http, host, port);
    this.#endings.push(
      startSweeper({
        dedupWindowMs: timers.dedupWindowMs,
        wallClock: Date.now,
        purge: (before, limit) => this.#turns.purge(before, limit),
      }),
    );
    if (classes.has('timed-redelivery')) {
      this.#endings.push(
        startHeartbeat({
          deadAfterMs: timers.deadAfterMs,
          now: monotonic,
          connections: () => this.#registry.all(),
          onDead: (connection) => {
            this.#log('info', 'dead-peer', { user: connection.user, device: connection.device });
            connection.terminate();
          },
        }),
      );
    }
    const address = this.#http.address() as AddressInfo;
    const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    this.#log('info', 'listening', { host: address.address, port: address.port });
    return { url: `ws://${shownHost}:${address.port}/`, port: address.port, stop: () => this.#stop() };
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const upgrade = readUpgrade(request);
    const { identity } = upgrade;
    const refusal = this.#refuseAdmission(upgrade);
    if (refusal) refuseUpgrade(socket, refusal);
    else if (identity) void this.#admit({ ...upgrade, identity }, request, socket, head);
  }

  #refuseAdmission(upgrade: UpgradeRequest): Refusal | undefined {
    const { identity } = upgrade;
    const { maxConnections, maxConnectionsPerUser } = this.#config.limits;
    return refuseAdmission({
      ...upgrade,
      stopping: this.#stopping,
      connections: this.#registry.size + this.#admitting,
      maxConnections,
      otherConnectionsOfUser: identity ? this.#registry.connectionsOnOtherDevices(identity.user, identity.device) : 0,
      maxConnectionsPerUser,
    });
  }

  /** A user exists from the first connection on, and must still exist when the server was killed right after it. */
  async #storeUser(user: string): Promise<boolean> {
    this.#admitting += 1;
    const stored = await new Promise<boolean>((done) => {
      this.#turns.submit({ kind: 'user', user, done });
    });
    this.#admitting -= 1;
    if (stored) this.#known.addUser(user);
    return stored;
  }

  async #admit(
    upgrade: UpgradeRequest & { identity: Identity },
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
  ): Promise<void> {
    const { identity } = upgrade;
    if (!this.#known.hasUser(identity.user)) {
      const stored = await this.#storeUser(identity.user);
      // Meanwhile the server may have begun to stop, or others may have taken the last places.
      const refusal = stored ? this.#refuseAdmission(upgrade) : { httpStatus: 503, reason: 'try again later' };
      if (refusal) {
        refuseUpgrade(socket, refusal);
        return;
      }
    }
    if (socket.destroyed) return;
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#connect(webSocket, socket, identity));
  }

  #connect(webSocket: WebSocket, socket: Socket, identity: Identity): void {
    const { maxBufferedBytes, maxPendingPerConnection } = this.#config.limits;
    const connection = new Connection(webSocket, socket, identity, monotonic(), {
      cork: this.#cork,
      maxBufferedBytes,
      maxPendingPerConnection,
      isListening: () => !this.#stopping,
      onRequest: (from, packet) => this.#onRequest(from, packet),
      onEnd: (ended) => {
        this.#registry.remove(ended);
        ended.outbox.end('disconnect');
      },
    });
    connection.outbox = new Outbox(identity.user, this.#outboxHost(connection));
    const older = this.#registry.add(connection);
    older?.outbox.end('connect');
    older?.close(CLOSE.replaced, 'replaced by a newer connection');
    connection.outbox.pump();
  }

  #outboxHost(connection: Connection): OutboxHost {
    const { limits } = this.#config;
    return {
      now: monotonic,
      timings: this.#deliveryTimings(),
      maxInFlight: limits.maxInFlight,
      push: (message, attempt) => connection.push(message, attempt),
      isCongested: () => connection.isCongested,
      tellStored: (message) => tellSender(this.#registry, message, 'stored', message.acceptedAt),
      requestScan: (outbox) => this.#turns.requestScan(outbox),
    };
  }

  #deliveryTimings(): OutboxHost['timings'] {
    const { classes, timers } = this.#config;
    if (!classes.has('timed-redelivery')) return undefined;
    const { redeliverAfterMs, redeliverMaxMs, deadAfterMs } = timers;
    return { redeliverAfterMs, redeliverMaxMs, tellStoredAfterMs: tellStoredAfterMs(deadAfterMs) };
  }

  #onRequest(connection: Connection, packet: MsgR | AckR): void {
    this.#turns.submit(
      packet.type === 'msg:R' ? { kind: 'message', connection, packet } : { kind: 'ack', connection, packet },
    );
  }

  get #stopping(): boolean {
    return this.#stopped !== undefined;
  }

  #stop(): Promise<void> {
    this.#stopped ??= this.#windUp();
    return this.#stopped;
  }

  async #windUp(): Promise<void> {
    for (const end of this.#endings) end();
    const closed = new Promise((resolve) => this.#http.close(resolve));
    await this.#turns.drain();
    for (const webSocket of this.#webSockets.clients) webSocket.close(CLOSE.goingAway, 'the server stops');
    for (const connection of [...this.#registry.all()]) connection.close(CLOSE.goingAway, 'the server stops');
    this.#http.closeAllConnections();
    const cut = setTimeout(() => {
      for (const webSocket of this.#webSockets.clients) webSocket.terminate();
    }, CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(cut);
    await this.#turns.drain();
    await this.#store.close();
    this.#log('info', 'stopped');
  }
}

/**
 * Starts the reference server. Rejects with a KitError when an option makes no sense, the port is taken, or the data
 * folder cannot be used.
 */
export const startServer = async (options: ServerOptions = {}): Promise<RunningServer> => {
  const config = readOptions(options);
  const log = createLog(config.logLevel, options.log ?? ((line) => process.stderr.write(`${line}\n`)));
  const store = await openStore(config);
  try {
    return await new ReferenceServer(config, store, log).start();
  } catch (error) {
    await store.close();
    throw error;
  }
};
