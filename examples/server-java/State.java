import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Everything that the server remembers. Only the thread of the hub touches it. */
final class State {
  static final long DEDUP_WINDOW_MS = 7 * 24 * 3_600_000L;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Map<Message.Key, Message> bySender = new HashMap<>();
  private final Map<String, Message> byServerMsgId = new HashMap<>();
  /** What is not acked, for each recipient, by seq. */
  private final Map<String, NavigableMap<Long, Message>> inboxes = new HashMap<>();
  /** In order of their acks: the first to forget comes first. */
  private final Deque<Message> acked = new ArrayDeque<>();
  private long lastSeq;
  private long uptimeBeforeMs;

  Message find(String from, String msgId) {
    return bySender.get(new Message.Key(from, msgId));
  }

  /** A message to somebody else is the same miss as an id that never was. */
  Message findFor(String recipient, String serverMsgId) {
    Message message = byServerMsgId.get(serverMsgId);
    return message != null && message.to.equals(recipient) ? message : null;
  }

  NavigableMap<Long, Message> inbox(String user) {
    return inboxes.getOrDefault(user, new TreeMap<>());
  }

  /** Makes a message, which is in the state only after apply. */
  Message newMessage(String from, Packets.Request request) {
    byte[] id = new byte[16];
    RANDOM.nextBytes(id);
    Message message = new Message();
    message.seq = lastSeq + 1;
    message.serverMsgId = HexFormat.of().formatHex(id);
    message.from = from;
    message.msgId = request.msgId();
    message.to = request.to();
    message.body = request.body();
    message.digest = request.digest();
    message.acceptedAt = System.currentTimeMillis();
    return message;
  }

  /** Never dated before the acceptance, although the clock may have been set back since (IM-2-19). */
  Message.Ack newAck(Message message) {
    return new Message.Ack(message.serverMsgId, Math.max(System.currentTimeMillis(), message.acceptedAt), uptimeMs());
  }

  /** The one way in which the state grows, while the server runs and when the journal is read. */
  void apply(Journal.Line line) {
    if (line.start() != null) {
      lastSeq = line.start().lastSeq();
      uptimeBeforeMs = line.start().uptimeMs();
    } else if (line.message() != null) {
      Message message = line.message();
      bySender.put(message.key(), message);
      byServerMsgId.put(message.serverMsgId, message);
      inboxes.computeIfAbsent(message.to, user -> new TreeMap<>()).put(message.seq, message);
      lastSeq = Math.max(lastSeq, message.seq);
    } else {
      Message message = byServerMsgId.get(line.ack().serverMsgId());
      message.ack = line.ack();
      message.body = null;
      acked.add(message);
      inboxes.computeIfPresent(message.to, (user, inbox) -> {
        inbox.remove(message.seq);
        return inbox.isEmpty() ? null : inbox;
      });
    }
  }

  /**
   * How long this data has been served, all processes together. A clock that somebody sets must not make the server
   * forget, so the dedup window is measured by this one. It stands still between two processes.
   */
  private long uptimeMs() {
    return uptimeBeforeMs + Hub.now();
  }

  /** Drops the records whose dedup window is over. Without an ack a record lives for ever (IM-4.2-6). */
  void forget() {
    while (!acked.isEmpty() && acked.peek().ack.uptimeMs() < uptimeMs() - DEDUP_WINDOW_MS) {
      Message message = acked.remove();
      bySender.remove(message.key());
      byServerMsgId.remove(message.serverMsgId);
    }
  }

  /** The lines that bring this state back. */
  void each(Consumer<Journal.Line> take) {
    take.accept(new Journal.Line(new Journal.Start(lastSeq, uptimeMs()), null, null));
    byServerMsgId.values().stream().sorted(Comparator.comparingLong(message -> message.seq))
        .forEach(message -> take.accept(new Journal.Line(null, message, null)));
    acked.forEach(message -> take.accept(new Journal.Line(null, null, message.ack)));
  }
}
