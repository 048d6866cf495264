import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { WebSocketServer } from 'ws';
import { runSuite } from '../harness/index.js';
import { REPORT_FORMATS, renderReport } from './index.js';

/** Anything that a terminal or a CI log would obey. */
const OBEYED = /[^\n\P{Cc}]|[\p{Cf}\u2028\u2029]|^::/mu;

/** A server that throws every body back at its sender, as it stands: no packet, in the reason of a close, in an error. */
const startEcho = async (): Promise<{ url: string; close: () => void }> => {
  const server = createServer((_, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'im.ran.v1' });
  sockets.on('connection', (socket) =>
    socket.on('message', (data) => {
      const { rid, msgId, body } = JSON.parse(String(data)) as { rid: string; msgId: string; body: string };
      socket.send(`${body}{"type":"msg:A"}`);
      const error = { code: 'invalid-packet', message: body };
      socket.send(JSON.stringify({ type: 'msg:A', rid, msgId, status: 'rejected', error: { ...error, [body]: body } }));
      socket.send(JSON.stringify({ type: body, rid, msgId }));
    }),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = () => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  };
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
};

t.test('a body that is a script or an escape sequence comes out of a real run inert', async (t) => {
  const { url, close } = await startEcho();
  t.teardown(close);
  const report = await runSuite(
    {
      url,
      classes: ['core', 'secured'],
      only: ['server/secured/hostile-bodies*'],
      skip: [],
      headers: {},
      describe: { protocol: 'im.ran.v1', classes: ['core', 'secured'], timers: { answerWithinMs: 100 } },
      allowUnproven: true,
      seed: 'a',
      concurrency: 8,
      instances: 1,
      patienceMs: 50,
      replayArguments: [url],
    },
    {},
    new AbortController().signal,
  );
  t.ok(
    report.scenarios.length >= 6 && report.scenarios.every(({ verdict }) => verdict === 'failed'),
    'all of them fail',
  );
  t.match(JSON.stringify(report), /<script>alert/, 'what the server said is in the report');
  for (const format of REPORT_FORMATS) {
    const text = await renderReport(format, report);
    t.notMatch(text, OBEYED, `${format}: nothing to obey`);
    t.notMatch(text, /^not ok 1 - forged|^# \{ total: 0 \}/m, `${format}: no forged line`);
    // The page has one script, and its policy lets no other run.
    const own = text.replace(/<script>\(\(\) => \{\n'use strict';/, '');
    if (format === 'junit' || format === 'html') t.notMatch(own, /<script|<img/, 'no element of its own');
  }
});
