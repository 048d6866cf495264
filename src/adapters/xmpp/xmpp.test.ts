import t from 'tap';
import type { AckR, MsgR } from '../../../schemas/index.js';
import type { BroughtPacket } from '../dialect.js';
import { loadVia } from '../load-via.js';
import { escapeText, escapeValue, type StreamItem, XmlStream } from './xml.js';

const OPEN =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1'>";
const SM = 'urn:xmpp:sm:3';
const MECHANISMS =
  "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>";
const MANAGED = `<stream:features><sm xmlns='${SM}'/><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>`;
const SUCCESS = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

/** Sessions of one user, with everything that each wrote and told. */
const converse = async (via = 'xmpp') => {
  const dialect = await loadVia(via);
  const memory = new Map<string, unknown>();
  const connect = () => {
    const written: string[] = [];
    const told: unknown[] = [];
    const packets: BroughtPacket[] = [];
    const session = dialect.open(
      { user: 'alice', device: 'default', token: 'secret' },
      {
        send: (data) => void written.push(String(data)),
        ready: () => void told.push('ready'),
        refused: (status, why) => void told.push([status, why]),
        packet: (packet) => {
          packets.push(packet);
          return undefined;
        },
        unread: (frame, why) => void told.push(['unread', frame, why]),
        closing: (code) => void told.push(code),
        secure: (serverName) => void told.push(['secure', serverName]),
      },
      memory,
    );
    const say = (...texts: string[]) => session.receive(Buffer.from(texts.join('')));
    const logIn = () => {
      session.begin();
      say(OPEN, MECHANISMS);
      say(SUCCESS);
      say(OPEN, MANAGED);
    };
    const enter = () => {
      logIn();
      say("<iq id='bind' type='result'/>");
      say(`<enabled xmlns='${SM}' id='s1' resume='true'/>`);
      say("<presence from='alice@localhost/default'/>", `<a xmlns='${SM}' h='1'/>`);
    };
    const push = (id: string, body = `body of ${id}`, from = 'bob@localhost/x') =>
      say(`<message from='${from}' to='alice@localhost' id='${id}'><body>${body}</body></message>`);
    return { session, written, told, packets, say, logIn, enter, push, last: () => written.at(-1) ?? '' };
  };
  return { ...connect(), connect };
};

const request = (msgId: string, rid = `r-${msgId}`, body = 'grüße'): MsgR => ({
  ...{ type: 'msg:R', rid, msgId, to: 'bob', body },
});
const ackOf = (msgId: string, rid = `a-${msgId}`): AckR => ({ type: 'ack:R', rid, serverMsgId: `bob/${msgId}` });
const handled = (h: number): string => `<a xmlns='${SM}' h='${h}'/>`;
const receipt = (id: string, from: string) =>
  `<message from='${from}' to='alice@localhost' id='x'><received xmlns='urn:xmpp:receipts' id='${id}'/></message>`;
const refusal = (id: string, condition: string) =>
  `<message type='error' from='bob@localhost' id='${id}'><error type='cancel'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`;

t.test('the login, messages with their answers, pushes, acks and receipts', async (t) => {
  const { session, written, told, packets, say, enter, push, last } = await converse();
  enter();
  t.same(told, ['ready']);
  t.match(
    written.map((text) => /<([a-z:]+)[ /]/.exec(text.replace(/<\?.*?\?>/, ''))?.[1]),
    ['stream:stream', 'auth', 'stream:stream', 'iq', 'enable', 'presence'],
  );
  t.match(written[1], Buffer.from('\0alice\0secret').toString('base64'));
  for (const id of ['m1', 'm2', 'm3']) t.equal(session.send(request(id, `r-${id}`, `<&> "ü" ${id}`), {}), undefined);
  t.match(last(), /id='m3' to='bob@localhost'><body>&lt;&amp;&gt; "ü" m3<\/body><request .*<r xmlns/);
  // The presence was the first stanza; one answer may be for several.
  say(refusal('m2', 'item-not-found'), handled(3));
  t.match(packets, [
    { type: 'msg:A', rid: 'r-m1', status: 'stored' },
    { type: 'msg:A', rid: 'r-m2', status: 'rejected', error: { code: 'unknown-recipient', message: 'item-not-found' } },
  ]);
  say(handled(4), receipt('m1', 'bob@localhost/x'));
  t.match(packets.slice(2), [
    { type: 'msg:A', rid: 'r-m3', status: 'stored' },
    { type: 'ack:N', msgId: 'm1', to: 'bob', status: 'delivered' },
  ]);
  push('n1', 'a &lt;&#x41;&#66;<![CDATA[<&]]>');
  t.match(packets.at(-1), {
    ...{ type: 'msg:N', msgId: 'n1', from: 'bob', to: 'alice', body: 'a <AB<&', serverMsgId: 'bob/n1' },
  });
  // Four stanzas came: presence, error, receipt, message. The last one counts when it is acked.
  say(`<r xmlns='${SM}'/>`);
  t.match(last(), /h='3'/);
  t.equal(session.send(ackOf('n1'), {}), undefined);
  t.match(last(), /to='bob@localhost'><received [^>]*id='n1'\/><\/message><a [^>]*h='4'\/><r /);
  say(handled(5));
  t.match(packets.at(-1), { type: 'ack:A', rid: 'a-n1', status: 'ok' });
  t.equal(session.send(ackOf('n1', 'again'), {}), undefined);
  t.same(told, ['ready']);
});

t.test('a stream that goes on: what arrived is known, what did not may be sent anew', async (t) => {
  const { session, say, enter, push, connect } = await converse();
  enter();
  for (const id of ['m1', 'm2', 'm3']) session.send(request(id), {});
  say(handled(2));
  push('n1');
  push('n2');
  session.send(ackOf('n1'), {});

  const next = connect();
  next.logIn();
  t.match(next.last(), /<resume [^>]*h='2' previd='s1'/);
  next.say(`<resumed xmlns='${SM}' previd='s1' h='3'/>`);
  t.same(next.told, ['ready']);
  t.match(next.session.send(ackOf('n2'), {}), { cannot: /not waiting/ }, 'it comes again first');
  next.push('n2');
  next.session.send(ackOf('n2'), {});
  t.match(next.last(), /<a [^>]*h='3'/);
  t.match(next.session.send(request('m1', 'x'), {}), { cannot: /another message/ });
  t.equal(next.session.send(request('m2', 'told'), {}), undefined);
  t.equal(next.session.send(request('m3', 'anew'), {}), undefined);
  t.match(next.last(), /id='m3'/);
  await Promise.resolve();
  next.say(handled(5));
  t.match(next.packets.slice(1), [
    { type: 'msg:A', rid: 'told', status: 'stored' },
    { type: 'ack:A', rid: 'a-n2' },
    { type: 'msg:A', rid: 'anew', status: 'stored' },
  ]);
  // The older connection is still there, and counts for nobody any more.
  session.send(ackOf('n2'), {});
  push('n9');
  const third = connect();
  third.logIn();
  t.match(third.last(), /<resume [^>]*h='3' previd='s1'/);
});

t.test('a stream that is gone: nothing is guessed', async (t) => {
  const cases: [failed: string, known: RegExp | undefined, lost: RegExp | undefined][] = [
    [`<failed xmlns='${SM}'/>`, /could not be resumed/, /could not be resumed/],
    [`<failed xmlns='${SM}' h='2'/>`, undefined, undefined],
  ];
  for (const [failed, known, lost] of cases) {
    const { session, enter, connect } = await converse();
    enter();
    session.send(request('m1'), {});
    session.send(request('m2'), {});
    const next = connect();
    next.logIn();
    next.say(failed);
    t.match(next.last(), /<bind/);
    next.say("<iq id='bind' type='result'/>", `<enabled xmlns='${SM}' id='s2' resume='true'/>`, handled(1));
    t.match(next.session.send(request('m1'), {})?.cannot, known, failed);
    t.match(next.session.send(request('m2'), {})?.cannot, lost, failed);
  }
  const { session, enter, connect, last } = await converse();
  enter();
  session.leave?.();
  t.equal(last(), '</stream:stream>');
  const next = connect();
  next.logIn();
  t.match(next.last(), /<bind/, 'who said goodbye begins anew');
});

t.test('what XMPP cannot say', async (t) => {
  const { session, enter, push } = await converse();
  enter();
  session.send(request('m1'), {});
  const cases: [MsgR, RegExp][] = [
    [{ ...request('m2'), ttlMs: 5 }, /lifetime/],
    [{ ...request('m2'), urgent: true } as MsgR, /the field urgent/],
    [{ ...request('m2'), to: 'Bob' }, /capital letter/],
    [{ ...request('m2'), to: 'bob@b' }, /one of/],
    [{ ...request('m2'), to: 'b'.repeat(1_024) }, /1023 bytes/],
    [{ ...request('m2'), body: 'a\0b' }, /XML does not have/],
    [{ ...request('m2'), body: '\ud800' }, /XML does not have/],
    [{ ...request('m2'), body: 'a\r\nb' }, /carriage return/],
    [request('m1', 'r2'), /twice on one stream/],
  ];
  for (const [packet, cannot] of cases) t.match(session.send(packet, {}), { cannot });
  push('n1');
  push('n2');
  t.match(session.send(ackOf('n2'), {}), { cannot: /in front of it/ }, 'acks are counted');
  t.match(session.send(ackOf('n9'), {}), { cannot: /not waiting/ });
  // A copy in front of it that was acked once is no reason.
  session.send(ackOf('n1'), {});
  push('n1');
  push('n3');
  session.send(ackOf('n2'), {});
  t.equal(session.send(ackOf('n3'), {}), undefined);
});

const TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const FAILED_TLS = `<failure xmlns='${TLS}'/></stream:stream>`;

t.test('TLS is started where it is offered, unless nobody wants it, and no password goes before it', async (t) => {
  const offers = MECHANISMS.replace('<mechanisms', `<starttls xmlns='${TLS}'/><mechanisms`);
  const { session, say, told, last, written } = await converse('xmpp?domain=chat.example');
  session.begin();
  say(OPEN, offers);
  t.equal(last(), `<starttls xmlns='${TLS}'/>`);
  say(`<proceed xmlns='${TLS}'/>`);
  t.same(told, [['secure', 'chat.example']]);
  t.match(last(), /^<\?xml .*<stream:stream to='chat\.example'/, 'a new stream inside');
  t.notMatch(written.join(''), /<auth/);
  say(OPEN, MECHANISMS);
  t.match(last(), /^<auth .*PLAIN/);

  const without = await converse('xmpp?starttls=off');
  without.session.begin();
  without.say(OPEN, offers);
  t.match(without.last(), /^<auth .*PLAIN/);
});

t.test('who is not let in, and how a stream ends', async (t) => {
  const features = (inner: string) => `<stream:features>${inner}</stream:features>`;
  const tls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>";
  const scram = MECHANISMS.replace('PLAIN', 'SCRAM-SHA-1');
  const streamError = (condition: string) =>
    `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`;
  const failure = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>";
  const cases: [what: string, told: unknown[], ...texts: string[]][] = [
    ['wrong password', [[401, 'not-authorized']], OPEN, MECHANISMS, failure],
    ['wrong domain', [1011, [503, 'host-unknown']], OPEN, streamError('host-unknown')],
    ['STARTTLS taken back', [[503, /STARTTLS/]], OPEN, features(tls), FAILED_TLS],
    ['no PLAIN', [[503, /but SCRAM-SHA-1/]], OPEN, scram],
    ['nothing', [[503, /but none/]], OPEN, features('')],
    ['odd', [['unread', /oops/, /login/]], OPEN, '<oops/>'],
  ];
  for (const [what, expected, ...texts] of cases) {
    const { session, say, told } = await converse();
    session.begin();
    say(...texts);
    t.match(told, expected, what);
    t.equal(told.length, expected.length, what);
  }
  const after: [what: string, told: unknown, text: string][] = [
    ['no stream management', [503, /XEP-0198/], features('')],
    [
      'it fails',
      [503, /no stream management: unexpected-request/],
      `${MANAGED}<failed xmlns='${SM}'><unexpected-request/></failed>`,
    ],
    ['no resource', [503, /no resource/], `${MANAGED}<iq id='bind' type='error'/>`],
  ];
  for (const [what, expected, text] of after) {
    const { session, say, told } = await converse();
    session.begin();
    say(OPEN, MECHANISMS);
    say(SUCCESS);
    say(OPEN, text);
    t.match(told.at(-1), expected, what);
  }
  for (const [condition, code] of Object.entries({
    conflict: 4409,
    'system-shutdown': 1001,
    'not-well-formed': 1002,
  })) {
    const { enter, say, told, last } = await converse();
    enter();
    say(streamError(condition));
    t.equal(told[1], code, condition);
    t.equal(last(), '</stream:stream>');
  }
});

t.test('what a server may say of its own accord is a message of nobody, and is counted', async (t) => {
  const own: [what: string, text: string][] = [
    ['a greeting', "<message from='localhost' to='alice@localhost'><body>Welcome!</body></message>"],
    ['a word of a service', "<message from='news.localhost/x' id='1' type='headline'><body>x</body></message>"],
    ['a word of the account itself', "<message id='1'><body>x</body></message>"],
    ['a subject', "<message from='bob@localhost' id='x'><subject>x</subject></message>"],
    [
      'a state of a chat',
      "<message from='bob@localhost/x'><active xmlns='http://jabber.org/protocol/chatstates'/></message>",
    ],
    [
      'an event',
      "<message from='bob@localhost' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'/></message>",
    ],
    ['a receipt that comes back', refusal('a-n1', 'service-unavailable')],
  ];
  for (const [what, text] of own) {
    const { session, say, told, packets, enter, push, last } = await converse();
    enter();
    push('n1');
    session.send(ackOf('n1'), {});
    say(text, `<r xmlns='${SM}'/>`);
    t.same(told, ['ready'], what);
    t.equal(packets.length, 1, what);
    t.match(last(), /h='3'/, what);
  }
});

t.test('a server that says that it will not resume is not asked to', async (t) => {
  const { logIn, say, connect } = await converse();
  logIn();
  say("<iq id='bind' type='result'/>", `<enabled xmlns='${SM}' id='s1' resume='false'/>`, handled(1));
  const next = connect();
  next.logIn();
  t.match(next.last(), /<bind /);
});

t.test('what no rule reads is told; a question of the server is answered', async (t) => {
  const cases: [what: string, text: string, told: RegExp][] = [
    ['a receipt of somebody else', receipt('m1', 'eve@localhost'), /no receipt of one who/],
    ['a receipt of what was not sent', receipt('m9', 'bob@localhost'), /no receipt of one who/],
    ['a message without id', "<message from='bob@localhost'><body>x</body></message>", /has an id/],
    ['an error for nothing', refusal('m9', 'forbidden'), /no message waits/],
    ['an answer for nothing', "<iq id='9' type='result'/>", /nobody asked/],
    ['too many', handled(9), /not written so many/],
    ['no number', `<a xmlns='${SM}'/>`, /not written so many/],
    ['a strange stanza', '<oops/>', /no stanza/],
  ];
  for (const [what, text, why] of cases) {
    const { session, say, told, enter } = await converse();
    enter();
    session.send(request('m1'), {});
    say(text);
    t.match(told.slice(1), [['unread', String, why]], what);
  }
  const { say, last, enter, told } = await converse();
  enter();
  say("<iq type='get' id='7' from='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
  t.match(last(), /<iq type='error' id='7' to='localhost'>/);
  t.same(told, ['ready']);
});

t.test('an XML stream, cut anywhere', async (t) => {
  const text = `${OPEN} \n<m a='1>2' b="it's &quot;&#38;"><x:y xmlns:x='urn:x' xmlns='urn:y'><z/>ü😀\r\n&amp;amp;</x:y></m></stream:stream>`;
  const bytes = Buffer.from(text);
  const readIn = (size: number): StreamItem[] => {
    const stream = new XmlStream();
    const items: StreamItem[] = [];
    for (let at = 0; at < bytes.length; at += size) items.push(...stream.push(bytes.subarray(at, at + size)));
    return items;
  };
  const whole = readIn(bytes.length);
  t.match(whole, [
    { what: 'opened', element: { name: 'stream', namespace: 'http://etherx.jabber.org/streams' } },
    {
      what: 'stanza',
      element: {
        ...{ name: 'm', namespace: 'jabber:client', attributes: { a: '1>2', b: 'it\'s "&' } },
        children: [
          { name: 'y', namespace: 'urn:x', text: 'ü😀\n&amp;', children: [{ name: 'z', namespace: 'urn:y' }] },
        ],
      },
    },
    { what: 'closed' },
  ]);
  for (const size of [1, 2, 3, 7]) t.same(readIn(size), whole, `pieces of ${size} bytes`);
  t.equal(escapeValue(`<a b="x">'&\r\n`), '&lt;a b=&quot;x&quot;&gt;&apos;&amp;&#13;&#10;');
  t.equal(escapeText(`<a b="x">'&\r\n`), `&lt;a b="x"&gt;'&amp;&#13;\n`);
});

t.test('what XMPP forbids is told once, and nothing behind it is read', async (t) => {
  const cases: [what: string, text: string | Uint8Array, why: RegExp][] = [
    ['a comment', '<m><!-- x --></m>', /forbids/],
    ['a DTD', '<!DOCTYPE x>', /forbids/],
    ['a processing instruction', '<m><?php x?></m>', /forbids/],
    ['a second declaration', "<?xml version='1.0'?>", /forbids/],
    ['an entity of its own', '<m>&x;</m>', /no entity/],
    ['a bare &', '<m>a & b</m>', /a & without/],
    ['a character that is none', '<m>&#0;</m>', /a character/],
    ['half a character', '<m>&#xd800;</m>', /a character/],
    ['a code beyond all', '<m>&#x110000;</m>', /no entity/],
    ['a control character', '<m>\u0001</m>', /a character/],
    ['a prefix without meaning', '<x:m/>', /what x: means/],
    ['another end', '<m></n>', /closes nothing/],
    ['text between stanzas', 'hello', /text outside/],
    ['no tag', '<m a=1/>', /no tag/],
    ['too deep', '<m>'.repeat(101), /within each other/],
    ['a tag without end', `<m a='${'x'.repeat(70_000)}`, /a tag without end/],
    ['no UTF-8', Buffer.from([0x3c, 0x6d, 0x3e, 0xff]), /UTF-8/],
  ];
  for (const [what, text, why] of cases) {
    const stream = new XmlStream();
    t.throws(() => [...stream.push(Buffer.from(OPEN)), ...stream.push(Buffer.from(text))], why, what);
  }
  const { told, packets, enter, say, push } = await converse();
  enter();
  say('<m><!-- x --></m>');
  t.match(told.slice(1), [['unread', /forbids/, /no XML stream/]]);
  push('n1');
  t.same([told.length, packets.length], [2, 0], 'the rest is not read');
  const http = await converse();
  http.session.begin();
  http.say('HTTP/1.1 400 Bad Request\r\n\r\n');
  t.match(http.told, [['unread', /HTTP/, /no XML stream/]]);
});

t.test('an exception of the kit is no accusation of the server', async (t) => {
  const { told, packets, enter, push } = await converse();
  enter();
  packets.push = () => {
    throw new RangeError('a fault of the kit');
  };
  t.throws(() => push('n1'), { message: 'a fault of the kit' });
  t.same(told, ['ready']);
});

t.test('settings, and users that there cannot be', async (t) => {
  const { whyNoUser } = await loadVia('xmpp');
  t.match([whyNoUser?.('Alice'), whyNoUser?.('a@b'), whyNoUser?.('alice.1')], [/capital/, /one of/, undefined]);
  for (const via of ['xmpp?domain=', 'xmpp?domain=A/b', 'xmpp?resume=yes', 'xmpp?login=x'])
    await t.rejects(loadVia(via), { code: 'usage', message: /no setting/ }, via);
  const { enter, connect, written, session, last } = await converse('xmpp?resume=off&domain=chat.example');
  enter();
  t.match(written.join(''), /<enable xmlns='urn:xmpp:sm:3'\/>/);
  session.send(request('m1'), {});
  t.match(last(), /to='bob@chat.example'/);
  const next = connect();
  next.logIn();
  t.match(next.last(), /<bind/);
});
