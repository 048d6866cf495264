// An MQTT broker that lets everybody in and does nothing else: whoever tests it must find nothing good. The port is PORT.
import { createServer } from 'node:net';
import { generate, parser } from 'mqtt-packet';

const answerTo = ({ cmd, messageId, subscriptions = [] }) => {
  if (cmd === 'connect') return { cmd: 'connack', returnCode: 0, sessionPresent: false };
  if (cmd === 'subscribe') return { cmd: 'suback', messageId, granted: subscriptions.map(({ qos }) => qos) };
  return cmd === 'pingreq' ? { cmd: 'pingresp' } : undefined;
};

createServer((socket) => {
  const incoming = parser({ protocolVersion: 4 });
  incoming.on('packet', (packet) => {
    const answer = answerTo(packet);
    if (answer) socket.write(generate(answer));
  });
  socket.on('data', (data) => incoming.parse(data));
  socket.on('error', () => socket.destroy());
}).listen(Number(process.env.PORT), '127.0.0.1');
