const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));

/** A UUIDv7 (RFC 9562). Made here, because `crypto.randomUUID` makes version 4 and is missing on pages without TLS. */
export const newMsgId = (wallNow: number): string => {
  const time = Math.floor(wallNow).toString(16).padStart(12, '0').slice(-12);
  const random = randomBytes(10);
  random[0] = ((random[0] as number) & 0x0f) | 0x70;
  random[2] = ((random[2] as number) & 0x3f) | 0x80;
  const rest = hex(random);
  return `${time.slice(0, 8)}-${time.slice(8)}-${rest.slice(0, 4)}-${rest.slice(4, 8)}-${rest.slice(8)}`;
};

/** Ids of requests: the beginning is random, so no other start of the client makes the same. */
export const ridMaker = (start: string = hex(randomBytes(6))): (() => string) => {
  let count = 0;
  return () => {
    count += 1;
    return `${start}-${count.toString(36)}`;
  };
};
