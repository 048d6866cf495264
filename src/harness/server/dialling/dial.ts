import type { Dial, DialOutcome, DialRequest, Refused, SocketHandlers } from '../../../play/index.js';
import { describeHandshake } from '../../../play/index.js';
import type { Authenticate } from '../credentials.js';
import { openSocket } from './open-socket.js';

/** What says something else than "not in this form": who it is, or that there is no room just now. */
const OTHER_REASONS: ReadonlySet<number | undefined> = new Set([401, 403, 429, 502, 503, 504]);

const mayBeTheForm = ({ refusal, status }: Refused): boolean =>
  refusal === 'network' || (refusal === 'status' && !OTHER_REASONS.has(status));

const DEAF: SocketHandlers = {
  onOpen: (socket) => socket.terminate(),
  onText: () => {},
  onBinary: () => {},
  onPing: () => {},
  onPong: () => {},
  onClose: () => {},
};

/** Opens real WebSocket connections to one subject. Rejects with a KitError when it is this machine that refuses. */
export const createDial = (
  baseUrl: string,
  authenticate: Authenticate,
  /** Of all nodes, where there are several. */
  nodeUrls: () => readonly string[] | undefined = () => undefined,
): Dial => {
  const dialOnce = async (request: DialRequest, handlers: SocketHandlers): Promise<DialOutcome> => {
    const { user, device, tokens, node } = request;
    const url = (node === undefined ? undefined : nodeUrls()?.[node - 1]) ?? baseUrl;
    return openSocket(await authenticate(url, user, device, tokens), request, handlers);
  };
  /** Whoever is let in with the usual form, and then again not with this one, was refused because of the form. */
  return async (request, handlers) => {
    const { form, ...usual } = request;
    const first = await dialOnce(request, handlers);
    if (first.ok || form === undefined || !mayBeTheForm(first)) return first;
    const control = await dialOnce(usual, DEAF);
    if (!control.ok) return first;
    const second = await dialOnce(request, handlers);
    if (second.ok || !mayBeTheForm(second)) return second;
    const error = `${second.error}, though the usual form of the same upgrade was accepted; this one was: ${describeHandshake(form)}`;
    return { ...second, refusal: 'form', error };
  };
};
