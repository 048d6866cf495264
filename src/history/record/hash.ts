/** The 64 bits of the last call of hash64, as two signed halves: an object per call would cost more than the hash. */
export const hashed = { low: 0, high: 0 };

/** Spreads a string over 64 bits. Good enough that no two ids of one history meet; not meant against an attacker. */
export const hash64 = (text: string): void => {
  let a = 0xdeadbeef | 0;
  let b = 0x41c6ce57 | 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  hashed.low = a ^ (a >>> 15);
  hashed.high = b ^ (b >>> 14);
};

/** 32 bits of a string. */
export const hash32 = (text: string): number => {
  hash64(text);
  return hashed.low >>> 0;
};

/** 16 bits that stand for a ttlMs; 0 stands for none. */
export const ttlTag = (ttlMs: number | undefined): number =>
  ttlMs === undefined ? 0 : 1 + (((ttlMs ^ Math.floor(ttlMs / 65_535)) >>> 0) % 65_535);
