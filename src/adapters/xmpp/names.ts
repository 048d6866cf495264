export const NAMESPACE = {
  client: 'jabber:client',
  streams: 'http://etherx.jabber.org/streams',
  sasl: 'urn:ietf:params:xml:ns:xmpp-sasl',
  bind: 'urn:ietf:params:xml:ns:xmpp-bind',
  tls: 'urn:ietf:params:xml:ns:xmpp-tls',
  management: 'urn:xmpp:sm:3',
  receipts: 'urn:xmpp:receipts',
} as const;

const MOST_BYTES = 1_023;
const FORBIDDEN = /["&'/:<>@\s]/;

/** Why XMPP has no user of that name, as a sentence goes on. It folds names: what it changes would be somebody else. */
export const whyNoUser = (name: string): string | undefined => {
  if (FORBIDDEN.test(name)) return `name a user with one of " & ' / : < > @ or white space`;
  if (name !== name.normalize('NFKC').toLowerCase())
    return 'tell a capital letter in the name of a user from a small one';
  return Buffer.byteLength(name) > MOST_BYTES ? `name a user with more than ${MOST_BYTES} bytes` : undefined;
};

/** The user of an address: what is before the @ where the domain is the usual one, else all but the resource. */
export const userOf = (address: string, domain: string): string => {
  const [bare = ''] = address.split('/', 1);
  return bare.endsWith(`@${domain}`) ? bare.slice(0, -domain.length - 1) : bare;
};
