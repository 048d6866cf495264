import type { ClientRequest } from 'node:http';
import type { HandshakeForm } from '../../../play/index.js';

/** What no server knows, so that it must look for the other one. */
const STRANGER = 'x-unknown.v9';

/** In one header: it may stand in several, but widespread libraries read the first one only. */
const offered = (own: string, offers: HandshakeForm['offers']): string => {
  if (offers === 'first of two') return `${own}, ${STRANGER}`;
  return offers === 'last of two' ? `${STRANGER},${own}` : own;
};

const nameIn = (name: string, names: HandshakeForm['names']): string => {
  if (names === 'lower case') return name.toLowerCase();
  return names === 'upper case' ? name.toUpperCase() : name;
};

/** Gives an upgrade that is about to leave the form of a voice: the same headers, otherwise written. */
export const shapeUpgrade = (request: ClientRequest, form: HandshakeForm, subprotocol: string): void => {
  const headers = request.getRawHeaderNames().map((name) => [name, request.getHeader(name)] as const);
  const placed = headers.map((header, index) => ({ header, place: form.order[index] ?? index }));
  if (form.order.length > 0) placed.sort((a, b) => a.place - b.place);
  for (const [name] of headers) request.removeHeader(name);
  const special: Readonly<Record<string, string>> = {
    upgrade: form.upgrade,
    connection: form.connection,
    'sec-websocket-protocol': offered(subprotocol, form.offers),
  };
  for (const { header } of placed) {
    const [name, value] = header;
    if (value !== undefined) request.setHeader(nameIn(name, form.names), special[name.toLowerCase()] ?? value);
  }
};
