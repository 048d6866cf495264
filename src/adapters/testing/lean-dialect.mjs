// The protocol of lean-server.mjs as a module: what a dialect in YAML would say in twelve lines.
export default {
  name: 'lean (module)',
  transport: 'ws',
  opening: { url: '?user={token}' },
  profile: {
    packets: ['msg:R', 'msg:A', 'msg:N', 'ack:R'],
    fields: [
      'msg:R.msgId',
      'msg:A.serverMsgId',
      'msg:A.rejected',
      'msg:A.id-conflict',
      'msg:N.msgId',
      'msg:N.serverMsgId',
      'msg:N.from',
      'msg:N.acceptedAt',
      'close.1001',
      'close.4409',
    ],
  },
  closes: { 1001: 1001, 4409: 4409 },
  open: (_who, wire) => ({
    begin: () => wire.ready(),
    send(request) {
      if (request.type === 'ack:R') {
        wire.send(JSON.stringify({ type: 'acknowledgement', id: Number(request.serverMsgId) }));
        return undefined;
      }
      const { msgId, to, body, rid: _rid, type: _type, ...more } = request;
      const [field] = Object.keys(more);
      if (field !== undefined) return { cannot: `give a message the field ${field}` };
      wire.send(JSON.stringify({ type: 'message', id: msgId, to, content: body }));
      return undefined;
    },
    receive(data) {
      const { type, id, serverId, error, clientId: msgId, from, content: body, ts: acceptedAt } = JSON.parse(data);
      if (type === 'message') {
        wire.packet({ type: 'msg:N', serverMsgId: String(id), msgId, from, body, acceptedAt });
      } else if (type === 'acknowledgement' && error === undefined) {
        wire.packet({ type: 'msg:A', msgId: id, serverMsgId: String(serverId), status: 'stored' });
      } else if (type === 'acknowledgement') {
        const code = error === 'conflict' ? 'id-conflict' : 'internal';
        wire.packet({ type: 'msg:A', msgId: id, status: 'rejected', error: { code, message: error } });
      } else wire.unread(data, 'its type is neither message nor acknowledgement');
    },
  }),
};
