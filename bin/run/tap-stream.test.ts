import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Parser } from 'tap-parser';
import type { Report, ScenarioResult } from '../../schemas/index.js';
import { packageRoot } from '../../src/package-root.js';
import { plainPaint } from '../../src/report/index.js';
import { failureText } from './progress-line.js';
import { TapStream } from './tap-stream.js';

const mixed = JSON.parse(
  readFileSync(join(packageRoot, 'src', 'report', 'fixtures', 'mixed.report.json'), 'utf8'),
) as Report;

/** What a parser makes of it: all counts. */
const parsed = (text: string) => {
  const parser = new Parser({ strict: true });
  parser.end(text);
  const { results } = parser;
  if (typeof results !== 'object' || results === null) throw new Error('the parser has no results');
  const { ok, pass, fail, todo, skip } = results;
  return { ok, pass, fail, todo, skip };
};

t.test('points are written as they come, and the whole is the same TAP', async (t) => {
  let text = '';
  const stream = new TapStream(false, async (more) => {
    text += more;
  });
  const [first, second] = mixed.scenarios as [ScenarioResult, ScenarioResult];
  stream.add(first);
  t.notOk(stream.begun, 'nothing before the head');
  stream.begin(mixed);
  stream.add(second);
  stream.add(second);
  await new Promise((done) => setImmediate(done));
  t.match(text, /^TAP version 14\n# im-conformance .*\nnot ok 1 - .*msg-n\n {2}---/, 'one point before the end');
  t.notMatch(text, '1..', 'the plan comes last');
  await stream.end(mixed);
  t.same(parsed(text), { ok: false, pass: 3, fail: 11, todo: 1, skip: 1 }, 'as in the report as a whole');
  t.match(text, /\n1\.\.\d+\n# /);
});

t.test('a run that breaks down after its first point bails out or fails', async (t) => {
  let text = '';
  const stream = new TapStream(false, async (more) => {
    text += more;
  });
  stream.begin(mixed);
  await stream.end({ ...mixed, complete: false, exitCode: 130, scenarios: mixed.scenarios.slice(0, 1) });
  t.match(text, /\nBail out! interrupted/);
});

t.test('a write that cannot be made is told in the end', async (t) => {
  const stream = new TapStream(false, () => Promise.reject(new Error('no room')));
  stream.begin(mixed);
  await t.rejects(stream.end(mixed), { message: 'no room' });
});

t.test('a failure on one line, never wider than the terminal', async (t) => {
  const [failed] = mixed.scenarios.filter(({ verdict }) => verdict === 'failed') as [ScenarioResult];
  t.match(failureText(failed, 200, plainPaint), /^FAILED server\/core\/dropped-packets#msg-n {2}IM-4\.2-9 m1 was not/);
  t.equal(failureText(failed, 30, plainPaint).length, 29);
});
