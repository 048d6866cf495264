import t from 'tap';
import { loadLedger, requirementOf } from './index.js';

t.test('the ledger of the package', async (t) => {
  const ledger = loadLedger();
  t.ok(ledger.requirements.length > 90);
  t.match(requirementOf(ledger, 'IM-4.2-9'), { level: 'MUST', role: 'server', class: 'core', section: '4.2' });
  t.throws(() => requirementOf(ledger, 'IM-9-9'), { code: 'usage', message: /IM-9-9/ });
});
