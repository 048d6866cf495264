import t from 'tap';
import { reachableTypes } from './prune-types.js';

const FILES: Record<string, string> = {
  'src/index.d.ts': "export { a } from './a/index.js';\nexport type { B } from '../schemas/b.js';",
  'src/a/index.d.ts': "import type { C } from './c.js';\nimport { Type } from '@sinclair/typebox';",
  'src/a/c.d.ts': "export type C = import('../d.js').D;\nexport * from './index.js';",
  'src/d.d.ts': 'export type D = 1;',
  'schemas/b.d.ts': 'export type B = 2;',
  'src/hidden.d.ts': "export * from './d.js';",
};

t.test('what can be named from outside keeps its declarations, and nothing else', (t) => {
  const reached = reachableTypes(['src/index.d.ts'], (path) => FILES[path] ?? (t.fail(`no ${path}`) as never));
  t.same([...reached].sort(), ['schemas/b.d.ts', 'src/a/c.d.ts', 'src/a/index.d.ts', 'src/d.d.ts', 'src/index.d.ts']);
  t.end();
});
