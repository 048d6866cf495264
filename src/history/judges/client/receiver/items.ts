import { createHash } from 'node:crypto';
import type { InventoryItem } from '../../../../../schemas/index.js';
import type { Inventory } from '../../../facts/client/entry.js';

const HEAD_CHARACTERS = 64;

/** Whether an item of an inventory is that body. A bot that says no hash is judged by the head and the length. */
export const matches = (item: InventoryItem, body: string): boolean => {
  if (typeof item === 'string') return item === body;
  const { head, bytes, sha256 } = item;
  if ([...body].slice(0, HEAD_CHARACTERS).join('') !== head || Buffer.byteLength(body) !== bytes) return false;
  return sha256 === undefined || createHash('sha256').update(body).digest('hex') === sha256.toLowerCase();
};

/** All items in their order; undefined while a part is missing. */
export const itemsOf = ({ parts, of }: Inventory): InventoryItem[] | undefined =>
  parts.size >= of ? [...parts.keys()].sort((a, b) => a - b).flatMap((part) => parts.get(part) ?? []) : undefined;
