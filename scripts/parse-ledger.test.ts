import t from 'tap';
import { KitError } from '../src/errors.js';
import { loadLedger } from '../src/ledger/index.js';
import { parseLedger, readLedger } from './parse-ledger.js';

const entry = (changes: Record<string, string | undefined> = {}): string => {
  const fields: Record<string, string | undefined> = {
    id: 'IM-1-1',
    level: 'MUST',
    role: 'server',
    class: 'core',
    section: "'1'",
    sentence: 'A server MUST be there.',
    rests: '[wire]',
    ...changes,
  };
  const lines = Object.entries(fields).filter(([, value]) => value !== undefined);
  return lines.map(([name, value], index) => `${index === 0 ? '- ' : '  '}${name}: ${value}`).join('\n');
};

t.test('the compiled ledger is the written one', async (t) => {
  t.same(loadLedger().requirements, readLedger().requirements, 'npm run generate renews it');
});

t.test('a broken ledger says where and what', async (t) => {
  const cases: [string, string, RegExp][] = [
    ['unknown member', entry({ kind: 'x' }), /file\.yaml:1: unknown member "kind"/],
    ['missing member', entry({ role: undefined }), /file\.yaml:1: "role" is missing/],
    ['wrong level', entry({ level: 'SHALL' }), /"level" must be one of MUST/],
    ['wrong class', entry({ class: 'kore' }), /"class" must be one of core/],
    ['class of another role', entry({ role: 'sender' }), /"class" must be one of sender/],
    ['id of no form', entry({ id: 'IM-1' }), /id "IM-1" must look like/],
    ['id of another section', entry({ section: "'2'" }), /does not belong to section "2"/],
    ['section as a number', entry({ section: '1' }), /"section" must be text/],
    ['nothing that it rests on', entry({ rests: undefined }), /"rests" is missing/],
    ['rests on what is not known', entry({ rests: '[msg:X]' }), /"rests" names "msg:X"/],
    ['no keyword', entry({ sentence: 'A server is there.' }), /must hold one keyword, it holds 0/],
    ['two keywords', entry({ sentence: 'It MUST be and SHOULD be.' }), /it holds 2/],
    ['keyword of another level', entry({ sentence: 'It SHOULD be.' }), /says SHOULD, the level MUST/],
    ['no full stop', entry({ sentence: 'It MUST be' }), /full stop/],
    ['repeated id', `${entry()}\n${entry()}`, /file\.yaml:8: id "IM-1-1" repeats the one of line 1/],
    ['no list', 'a: 1', /file\.yaml:1: the ledger must be a list/],
    ['no map', '- 7', /file\.yaml:1: an entry must be a map/],
    ['bad YAML', '- a: [', /file\.yaml:\d+: /],
  ];
  for (const [name, text, message] of cases) {
    t.throws(() => parseLedger(text, 'file.yaml'), { message }, name);
  }
  t.throws(() => parseLedger('a: 1', 'file.yaml'), KitError);
  const good = parseLedger(entry({ reason: 'because', unobserved: 'no way to see it' }), 'file.yaml');
  t.match(good.byId.get('IM-1-1'), { reason: 'because', unobserved: 'no way to see it', line: 1 });
});
