import t from 'tap';
import { renewedVerbs } from './verb-table.js';

t.test('the table of verbs in conformance/README.md is what their files say', async (t) => {
  const { before, after } = renewedVerbs();
  t.equal(after, before, 'node dist/scripts/generated-blocks.js --write renews it');
});
