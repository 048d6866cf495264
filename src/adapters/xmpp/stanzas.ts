import type { Element } from './xml.js';

/**
 * What a server says of its own accord, such as a greeting, and what has neither a text nor a receipt: a client ignores what it
 * does not know (RFC 6120, 8.4). A message of the kit of which a server made that is missed by its receiver.
 */
export const isOfTheServer = ({ attributes: { from }, children }: Element): boolean =>
  !from?.split('/', 1)[0]?.includes('@') || !children.some(({ name }) => name === 'body' || name === 'received');
