import t from 'tap';
import { signOfOthers } from './others.js';

const QUIET = '# TYPE im_packets counter\nim_packets_total{type="msg:R"} 7\nim_connections 3\n';

t.test('a counter that grows while the kit is quiet shows that others use the server', async (t) => {
  const cases: [name: string, pages: (string | undefined)[], sign: string | undefined][] = [
    ['nothing grows', [QUIET, QUIET], undefined],
    ['a gauge may change', [QUIET, QUIET.replace('im_connections 3', 'im_connections 9')], undefined],
    ['a counter grew', [QUIET, QUIET.replace('7', '9')], 'im_packets_total{type="msg:R"} 7 9'],
    ['one is new', [QUIET, `${QUIET}im_expired_total 1\n`], 'im_expired_total 0 1'],
    ['no page', [undefined, undefined], undefined],
  ];
  for (const [name, pages, expected] of cases) {
    const left = [...pages];
    const readPage = async () => {
      const text = left.shift();
      return text === undefined ? { error: 'none' } : { status: 200, text };
    };
    const sign = await signOfOthers(readPage, 1, new AbortController().signal);
    t.equal(sign && `${sign.counter} ${sign.from} ${sign.to}`, expected, name);
  }
});
