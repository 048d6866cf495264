/** Nodes watch all keys from `im/` on: what changes the state, and the beat. */
export const WATCHED = 'im/';
export const ENTRY = 'im/log/';
export const NODE = 'im/node/';
export const BEAT = 'im/beat';

export const encode = (text: string): string => Buffer.from(text).toString('base64');
export const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString();

/** All keys that begin so. A slash ends the beginning, and `0` is what follows on it. */
export const rangeOf = (beginning: string, more: object = {}): object => ({
  key: encode(beginning),
  range_end: encode(`${beginning.slice(0, -1)}0`),
  ...more,
});

/** The node of a life. */
export const nodeOf = (life: string): string => life.slice(0, life.indexOf('-'));

export interface EtcdKey {
  key: string;
  value?: string;
  mod_revision: string;
  version: string;
}

export interface EtcdEvent {
  type?: 'DELETE';
  kv: EtcdKey;
}

/** What of the answers of the JSON gateway is read. Numbers of 64 bits are texts there; what is 0, false or empty is left out. */
export interface EtcdReply {
  ID?: string;
  succeeded?: boolean;
  kvs?: EtcdKey[];
  result?: {
    TTL?: string;
    events?: EtcdEvent[];
    canceled?: boolean;
    cancel_reason?: string;
    compact_revision?: string;
  };
  responses?: { response_range?: { kvs?: EtcdKey[] } }[];
}
