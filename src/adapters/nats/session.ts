import type { AckR, ErrorCode, MsgR } from '../../../schemas/index.js';
import type { Cannot, Session, Who, Wire } from '../dialect.js';
import { extraField } from '../extra-field.js';
import {
  FrameReader,
  headerOf,
  type NatsFrame,
  type NatsMessage,
  publication,
  type ServerInfo,
  statusOf,
} from './frames.js';
import {
  ALL_SUBJECTS,
  idHeader,
  pushSubjectOf,
  readAckSubject,
  readIdHeader,
  receiverOf,
  STREAM,
  subjectOf,
  tokenOf,
} from './names.js';

/** How the stream and the consumers are set up, under the names of NATS. */
export interface NatsSettings {
  storage: 'file' | 'memory';
  /** Nanoseconds. */
  duplicate_window: number;
  ack_wait: number;
}

/** An answer of the JetStream API, as far as the kit reads it. */
interface ApiAnswer {
  seq?: number;
  duplicate?: boolean;
  error?: { code?: number; err_code?: number; description?: string };
}

/** Errors of the connection after which the server ends it: what follows is told by the end itself. */
const ENDS = /^(Stale Connection|Slow Consumer|Maximum Payload Violation|Connection Closed|Server Shutdown)/i;
const NOT_LET_IN = /^(Authorization|Authentication|User Authentication|Account Authentication)/i;
const MESSAGE_TOO_LARGE = 10_054;
/** So many pushes may be without an ack. The default of the server is 1,000: it would stop pushing to a slow client. */
const MAX_ACK_PENDING = 100_000;

const INBOX_SID = 1;
const PUSH_SID = 2;

const answerOf = ({ payload }: NatsMessage): ApiAnswer | undefined => {
  try {
    return JSON.parse(payload.toString()) as ApiAnswer;
  } catch {
    return undefined;
  }
};

/** Why a publication was not stored. */
const errorOf = (
  message: NatsMessage,
  answer: ApiAnswer | undefined,
): { code: ErrorCode; message: string } | undefined => {
  if (statusOf(message) === 503) return { code: 'busy', message: 'no stream takes it (503)' };
  if (answer?.error === undefined) return undefined;
  const { err_code, description = 'no reason given' } = answer.error;
  return { code: err_code === MESSAGE_TOO_LARGE ? 'body-too-large' : 'internal', message: description };
};

const shownOf = ({ subject, payload }: NatsMessage): string => `MSG ${subject} ${payload.toString('utf8', 0, 400)}`;

/** One connection of a user to a NATS server with JetStream. The stream, and the consumer of the user, are made by the login. */
export class NatsSession implements Session {
  readonly #who: Who;
  readonly #wire: Wire;
  readonly #settings: NatsSettings;
  /** Sequence → subject for its ack: a message that came on an earlier connection may be acked on a later one. */
  readonly #ackSubjects: Map<string, unknown>;
  readonly #reader = new FrameReader();
  #info: ServerInfo = {};
  #inbox = '';

  constructor(who: Who, wire: Wire, memory: Map<string, unknown>, settings: NatsSettings) {
    this.#who = who;
    this.#wire = wire;
    this.#settings = settings;
    this.#ackSubjects = memory;
  }

  /** The server speaks first. */
  begin(): void {}

  receive(data: string | Uint8Array): void {
    this.#reader.push(typeof data === 'string' ? Buffer.from(data) : data);
    for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) this.#on(frame);
  }

  #on(frame: NatsFrame): void {
    if (frame.op === 'ping') this.#wire.send('PONG\r\n');
    else if (frame.op === 'pong') this.#makeStream();
    else if (frame.op === 'info') this.#onInfo(frame.info);
    else if (frame.op === 'err') this.#onError(frame.text);
    else if (frame.op === 'unknown') this.#wire.unread(frame.line, 'no NATS server writes such a line');
    else if (frame.op === 'msg' && frame.sid === String(PUSH_SID)) this.#onPush(frame);
    else if (frame.op === 'msg') this.#onAnswer(frame);
  }

  /** What keeps the dialect out, whoever the user is. */
  #whyNot({ tls_required, jetstream }: ServerInfo): string | undefined {
    if (tls_required) return 'it wants TLS after its greeting, which this dialect cannot';
    return jetstream ? undefined : 'it runs without JetStream: start it with -js';
  }

  #onInfo(info: ServerInfo): void {
    // A server tells again when its cluster changes.
    if (this.#inbox !== '') return;
    this.#info = info;
    const why = this.#whyNot(info);
    if (why !== undefined) {
      this.#wire.refused(503, why);
      return;
    }
    const { user, token } = this.#who;
    this.#inbox = `_INBOX.im-conformance.${info.client_id ?? 0}.${tokenOf(user)}`;
    const login = info.auth_required ? { user, pass: token, auth_token: token } : {};
    const connect = { verbose: false, pedantic: false, headers: true, no_responders: true, name: user, ...login };
    this.#wire.send(
      `CONNECT ${JSON.stringify(connect)}\r\nSUB ${this.#inbox}.> ${INBOX_SID}\r\nSUB ${pushSubjectOf(user)} ${PUSH_SID}\r\nPING\r\n`,
    );
  }

  #onError(text: string): void {
    if (NOT_LET_IN.test(text)) this.#wire.refused(401, text);
    else if (!ENDS.test(text)) this.#wire.unread(`-ERR '${text}'`, 'it answers nothing that the kit did');
  }

  #ask(api: string, answer: string, body: object): void {
    this.#wire.send(publication(`$JS.API.${api}`, `${this.#inbox}.${answer}`, JSON.stringify(body)));
  }

  #makeStream(): void {
    const { storage, duplicate_window } = this.#settings;
    const config = {
      name: STREAM,
      subjects: [ALL_SUBJECTS],
      storage,
      ...(duplicate_window ? { duplicate_window } : {}),
    };
    this.#ask(`STREAM.CREATE.${STREAM}`, 'stream', config);
  }

  #makeConsumer(): void {
    const { user } = this.#who;
    const name = tokenOf(user);
    const { ack_wait } = this.#settings;
    this.#ask(`CONSUMER.DURABLE.CREATE.${STREAM}.${name}`, 'consumer', {
      stream_name: STREAM,
      config: {
        durable_name: name,
        deliver_subject: pushSubjectOf(user),
        deliver_policy: 'all',
        ack_policy: 'explicit',
        filter_subject: subjectOf(user),
        max_ack_pending: MAX_ACK_PENDING,
        ack_wait,
      },
    });
  }

  #onAnswer(message: NatsMessage): void {
    const [what, rid = ''] = message.subject.slice(this.#inbox.length + 1).split('.');
    if (what === 'stream') this.#onSetUp(message, what, () => this.#makeConsumer());
    else if (what === 'consumer') this.#onSetUp(message, what, () => this.#wire.ready());
    else if (what === 'msg') this.#onPubAck(message, rid);
    else if (what === 'ack') this.#onAckReply(message, rid);
    else this.#wire.unread(shownOf(message), 'it answers nothing that the kit asked');
  }

  #onSetUp(message: NatsMessage, what: string, then: () => void): void {
    const error =
      statusOf(message) === 503 ? { code: 503, description: 'JetStream does not answer' } : answerOf(message)?.error;
    if (error === undefined) then();
    else this.#wire.refused(error.code ?? 503, `the ${what} cannot be made: ${error.description ?? 'no reason given'}`);
  }

  #onPubAck(message: NatsMessage, rid: string): void {
    const answer = answerOf(message);
    // An error comes with `seq: 0`.
    if (answer?.seq !== undefined && answer.error === undefined) {
      const status = answer.duplicate ? 'duplicate' : 'accepted';
      this.#wire.packet({ type: 'msg:A', rid, status, serverMsgId: String(answer.seq) });
      return;
    }
    const error = errorOf(message, answer);
    if (error === undefined) this.#wire.unread(shownOf(message), 'a PubAck holds a seq or an error');
    else this.#wire.packet({ type: 'msg:A', rid, status: 'rejected', error });
  }

  /** Where nobody takes an ack (503), as while the server stops, there is no answer to it either. */
  #onAckReply(message: NatsMessage, rid: string): void {
    if (statusOf(message) === undefined) this.#wire.packet({ type: 'ack:A', rid, status: 'ok' });
  }

  #onPush(message: NatsMessage): void {
    const { subject, reply = '', payload } = message;
    const info = readAckSubject(reply);
    const ids = readIdHeader(headerOf(message, 'Nats-Msg-Id') ?? '');
    if (info === undefined || ids === undefined) {
      const why = info ? 'a message of the kit has a Nats-Msg-Id' : `"${reply}" is no subject for an ack`;
      this.#wire.unread(shownOf(message), why);
      return;
    }
    const { sequence: serverMsgId, acceptedAt, attempt } = info;
    this.#ackSubjects.set(serverMsgId, reply);
    const body = payload.toString();
    this.#wire.packet({ type: 'msg:N', ...ids, to: receiverOf(subject), serverMsgId, body, acceptedAt, attempt });
  }

  send(request: MsgR | AckR): Cannot | undefined {
    return request.type === 'msg:R' ? this.#publish(request) : this.#ack(request);
  }

  #publish({ type: _type, rid, msgId, to, body, ...more }: MsgR): Cannot | undefined {
    const extra = extraField('a message', more);
    if (extra !== undefined) return extra;
    const headers = { 'Nats-Msg-Id': idHeader(this.#who.user, msgId) };
    const frame = publication(subjectOf(to), `${this.#inbox}.msg.${rid}`, body, headers);
    const limit = this.#info.max_payload ?? Number.POSITIVE_INFINITY;
    if (frame.byteLength > limit) return { cannot: `write a message larger than max_payload (${limit} bytes)` };
    this.#wire.send(frame);
    return undefined;
  }

  #ack({ type: _type, rid, serverMsgId, ...more }: AckR): Cannot | undefined {
    const extra = extraField('an ack', more);
    if (extra !== undefined) return extra;
    const subject = this.#ackSubjects.get(serverMsgId);
    if (typeof subject !== 'string') return { cannot: 'ack a message that was not pushed to this user' };
    this.#wire.send(publication(subject, `${this.#inbox}.ack.${rid}`, '+ACK'));
    return undefined;
  }
}
