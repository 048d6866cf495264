import { type Static, Type } from '@sinclair/typebox';
import { type TokenKind, WIRE } from '../../../schemas/index.js';
import { clientName, closed, nodeNumber, requirement, tokenKind } from '../../../schemas/script-values.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import type { Actor } from '../../play/clients/actor.js';
import { isRefusedForNow } from '../../play/clients/may-come-back.js';
import type { TokenChoice } from '../../play/ports.js';
import type { Stage } from '../../play/stage.js';
import { recordExpectation, recordNotConnected, recordUnreached, type StepPlace } from '../../play/step-outcome.js';
import { fillTree } from '../../template.js';
import { defineClientVerb, noLabels, nothingNew, noWait } from '../define.js';

const fields = {
  connects: Type.Literal(true),
  node: Type.Optional({
    ...nodeNumber,
    description:
      'Which node, and no other. Without it: the one that it was on last; the next one where that is not there.',
  }),
  subprotocol: Type.Optional(
    Type.Union([Type.Literal(false), Type.String()], { description: 'What to offer instead of im.ran.v1.' }),
  ),
  token: Type.Optional(tokenKind),
  query: Type.Optional(
    Type.Union([tokenKind, Type.Object({ of: clientName }, closed)], {
      description:
        'What `access_token` in the query holds, beside the header: a token of this client, or `{ of: NAME }`.',
    }),
  ),
  headers: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String())]), {
      description:
        'Further headers of the upgrade; `Authorization` stands instead of that of `token`. `{token}` is a token of this client, `{token:NAME}` one of another, `{user:NAME}` a user id.',
    }),
  ),
  parameters: Type.Optional(
    Type.String({ description: 'What the query of the URL holds beside: `user={user:bob}`, `access_token={token}`.' }),
  ),
  over: Type.Optional(
    Type.Union([Type.Literal('plaintext'), Type.Literal('tls-1.1')], {
      description: 'Tries the same port without TLS, or with TLS 1.1 at most. It must not succeed.',
    }),
  ),
  refused: Type.Optional(Type.Integer({ description: 'The HTTP status with which the upgrade must fail.' })),
  reading: Type.Optional(
    Type.Literal(false, { description: 'Nothing is read from the first byte on, until the verb `reads`.' }),
  ),
  mayFail: Type.Optional(Type.Literal(true, { description: 'One try, and whether it succeeds proves nothing.' })),
  insists: Type.Optional(
    Type.Literal(true, { description: 'With `by`: to be refused for now, again and again, is missed, too.' }),
  ),
  by: Type.Optional(requirement),
};
type Connects = Static<ReturnType<typeof Type.Object<typeof fields>>>;

/** `{user:NAME}` in a header or a parameter. */
const withUsers = <T>(stage: Stage, value: T): T =>
  fillTree(value, ({ name, argument = '' }) => (name === 'user' ? stage.actors.get(argument)?.user : undefined)) as T;

const tokensOf = (stage: Stage, action: Connects): TokenChoice | undefined => {
  const { token, query, headers, parameters } = action;
  if ([token, query, headers, parameters].every((option) => option === undefined)) return undefined;
  const header = (token ?? 'own') as TokenKind;
  const further = defined(withUsers(stage, { headers, parameters }));
  // Only a header or a parameter of the script names another client's token: no other token is asked for.
  const more = Object.keys(further).length === 0 ? {} : { ...further, owners: stage.actors };
  if (query === undefined) return { header, ...more };
  if (typeof query === 'string') return { header, query: query as TokenKind, ...more };
  const other = stage.actors.get(query.of);
  if (!other)
    throw new KitError('usage', `query names "${query.of}", which is no client`, 'Name a client of the file.');
  return { header, query: { user: other.user, device: other.device }, ...more };
};

/** The tokens that the kit must be able to make. */
const kindsOf = ({ token, query, headers, parameters }: Connects): TokenKind[] => {
  const further = headers !== undefined || parameters !== undefined;
  const kinds = [token, query].filter((kind) => typeof kind === 'string') as TokenKind[];
  // A second token can be placed only where the kit places tokens itself.
  return (query !== undefined || further) && token === undefined ? ['own', ...kinds] : kinds;
};

/** Who connects, and to which node if that is no matter of choice. */
const whoWhere = ({ node }: Connects, name: string): string =>
  node === undefined ? name : `${name}, on node ${node} alone,`;

const HIDDEN = { plaintext: ['IM-1-26', 'without TLS'], 'tls-1.1': ['IM-1-27', 'with TLS 1.1'] } as const;

/** The same upgrade over a transport that the server must refuse. */
const connectsOver = async (
  stage: Stage,
  actor: Actor,
  transport: keyof typeof HIDDEN,
  action: Connects,
  place: StepPlace,
): Promise<boolean> => {
  const { attacker } = stage.options;
  const [requirement, how] = HIDDEN[transport];
  if (!attacker) return recordUnreached(stage, place, `an upgrade ${how} can be tried`, 'this run cannot');
  const { user, device } = actor;
  const request = { user, device, subprotocol: WIRE.subprotocol, timeoutMs: stage.connectBoundMs };
  const outcome = await attacker.tryOver(transport, request);
  return recordExpectation(stage, place, {
    requirement: action.by ?? requirement,
    expected: `nobody gets in ${how}`,
    seen: outcome.ok ? 'the server let the client in' : outcome.error,
    met: !outcome.ok,
    miss: 'observed',
    waitedMs: 0,
  });
};

export const connects = defineClientVerb({
  name: 'connects',
  example: 'connects: true',
  fields,
  does: 'Opens a connection. One that is still open becomes the `old` one. `token` is what the header carries.',
  defines: nothingNew,
  uses: noLabels,
  clients: ({ query }) => (typeof query === 'object' ? [query.of] : []),
  waitMs: noWait,
  needs: (action) => ({
    nodes: Number(action.node ?? 0),
    tokens: kindsOf(action),
    tls: action.over !== undefined,
    oldTls: action.over === 'tls-1.1',
  }),
  fills: ['user', 'token'],
  verbatim: [],
  perform: async (stage, actor, action, place) => {
    if (action.node !== undefined && actor.node !== undefined) actor.node = Number(action.node);
    if (action.over !== undefined) return connectsOver(stage, actor, action.over, action, place);
    const isOpen = actor.link !== undefined && actor.link.state !== 'closed';
    if (isOpen && stage.options.dialect?.profile.sharesQueue) {
      stage.record({
        kind: 'cannot',
        client: actor.name,
        why: 'replace a connection: two of one user share what comes',
      });
      stage.cannotGoOn = true;
      return false;
    }
    const outcome = await actor.connect({
      ...defined({ subprotocol: action.subprotocol, reads: action.reading }),
      tokens: tokensOf(stage, action),
      wanted: action.mayFail === true ? 'anything' : action.refused,
      pinned: action.node !== undefined,
    });
    if (action.mayFail === true) return true;
    if (action.refused !== undefined) {
      const seen = outcome.ok ? 'the upgrade succeeded' : `HTTP ${outcome.status ?? 'none'} (${outcome.error})`;
      if (outcome.ok) actor.link?.end('abruptly');
      return recordExpectation(stage, place, {
        requirement: action.by ?? 'IM-1-2',
        expected: `the upgrade is refused with HTTP ${action.refused}`,
        seen,
        met: !outcome.ok && outcome.status === action.refused,
        miss: 'observed',
        waitedMs: 0,
      });
    }
    if (outcome.ok) return true;
    // A user with few connections is never over the limit of 1.8: 429 that does not pass is what the script looks for.
    const mayPass = action.insists !== true && isRefusedForNow(outcome) && outcome.status !== 429;
    if (action.by === undefined || mayPass)
      return recordNotConnected(stage, place, whoWhere(action, actor.name), outcome);
    return recordExpectation(stage, place, {
      requirement: action.by,
      expected: `${whoWhere(action, actor.name)} can connect`,
      seen: outcome.status === undefined ? outcome.error : `HTTP ${outcome.status} (${outcome.error})`,
      met: false,
      miss: 'observed',
      waitedMs: 0,
    });
  },
});
