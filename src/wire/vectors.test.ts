import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { PACKET_TYPES } from '../../schemas/index.js';
import { packageRoot } from '../package-root.js';
import { decodeFrame } from './index.js';

interface Vector {
  description: string;
  valid: boolean;
  data?: unknown;
  text?: string;
  base64?: string;
}

const bytesOf = (vector: Vector): Uint8Array => {
  if (vector.base64 !== undefined) return Buffer.from(vector.base64, 'base64');
  return Buffer.from(vector.text ?? JSON.stringify(vector.data), 'utf8');
};

for (const type of PACKET_TYPES) {
  t.test(`vectors of ${type}`, async (t) => {
    const file = `${type.toLowerCase().replace(':', '-')}.json`;
    const vectors: Vector[] = JSON.parse(readFileSync(join(packageRoot, 'schemas', 'vectors', file), 'utf8'));
    const good = vectors.filter((vector) => vector.valid);
    t.ok(good.length >= 8, `${good.length} good vectors, at least 8 are needed`);
    t.ok(vectors.length - good.length >= 15, `${vectors.length - good.length} bad vectors, at least 15 are needed`);
    t.equal(
      new Set(vectors.map((vector) => vector.description)).size,
      vectors.length,
      'each is described by its own words',
    );
    const wrong: string[] = [];
    for (const vector of vectors) {
      const forms = ['data', 'text', 'base64'].filter((form) => form in vector);
      if (forms.length !== 1) wrong.push(`${vector.description}: has ${forms.length} of data, text, base64`);
      const decoded = decodeFrame(bytesOf(vector), new Set([type]));
      if (decoded.ok !== vector.valid) {
        wrong.push(`${vector.description}: ${decoded.ok ? 'was accepted' : decoded.errors.join('; ')}`);
      } else if (!decoded.ok && (decoded.errors.length === 0 || decoded.errors.some((line) => line.trim() === ''))) {
        wrong.push(`${vector.description}: refused without a reason`);
      }
    }
    t.same(wrong, []);
  });
}
