import { join } from 'node:path';
import t from 'tap';
import { loadDialect } from './load-dialect.js';

t.test('a module that is no whole dialect is told what it lacks', async (t) => {
  const packets = "packets: ['msg:R', 'msg:A', 'msg:N']";
  const whole = `name: 'x', transport: 'tcp', profile: { ${packets}, fields: [] }, open: () => ({})`;
  const cases: [name: string, members: string, message: RegExp][] = [
    ['name', whole.replace("'x'", '7'), /name must be a text/],
    ['transport', whole.replace("'tcp'", "'udp'"), /transport must be ws or tcp/],
    ['open', whole.replace('() => ({})', '3'), /open must be a function/],
    ['fields', whole.replace(', fields: []', ''), /profile\.fields/],
    ['packet', whole.replace("'msg:N'", "'msg:X'"), /profile\.packets/],
    ['push', whole.replace(", 'msg:N'", ''), /has no msg:N/],
  ];
  const folder = t.testdir(
    Object.fromEntries(
      [['whole', whole] as const, ...cases].map(([name, text]) => [`${name}.mjs`, `export default { ${text} };`]),
    ),
  );
  t.match(await loadDialect(join(folder, 'whole.mjs')), { name: 'x' });
  for (const [name, , message] of cases) {
    await t.rejects(
      loadDialect(join(folder, `${name}.mjs`)),
      { code: 'usage', message, remedy: /^Export|can be judged only where/ },
      name,
    );
  }
});
