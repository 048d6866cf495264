import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Decides. One thread runs every event of every connection, so between "is it acked?" and "push it" nothing else can
 * happen. Events are taken in batches, one flush to the disk for each batch, and nobody hears of an event before it.
 */
final class Hub {
  static final int MAX_IN_FLIGHT = 64;
  static final int MAX_INBOX_MESSAGES = 1_000;
  private static final int MAX_BATCH = 256;
  // Short, so that a test is quick. On mobile networks 5 s and 30 s are better.
  static final long REDELIVER_AFTER_MS = 400;
  private static final long REDELIVER_MAX_MS = 10_000;
  private static final long DEAD_AFTER_MS = 1_500;
  private static final long TICK_MS = 50;
  private static final long PING_EVERY_MS = DEAD_AFTER_MS / 3;
  /** So that the tick that sees it is still in time. */
  private static final long TOO_LONG_MS = DEAD_AFTER_MS - 2 * TICK_MS;

  static final Map<String, Object> DESCRIPTION = Map.of(
      "protocol", Packets.PROTOCOL,
      "classes", List.of("core", "timed-redelivery", "durable", "ordered", "flow-control"),
      "limits", Map.of("maxBodyBytes", Packets.MAX_BODY_BYTES, "maxFrameBytes", Packets.MAX_FRAME_BYTES,
          "maxInFlight", MAX_IN_FLIGHT, "maxInboxMessages", MAX_INBOX_MESSAGES),
      "timers", Map.of("answerWithinMs", 1_000, "redeliverAfterMs", REDELIVER_AFTER_MS, "redeliverMaxMs", REDELIVER_MAX_MS,
          "deadAfterMs", DEAD_AFTER_MS, "dedupWindowMs", State.DEDUP_WINDOW_MS),
      "durability", "power-loss");

  private static final long BEGAN = System.nanoTime();

  /** Milliseconds of this process, never 0, by a clock that nobody can set. */
  static long now() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - BEGAN) + 1;
  }

  private record Accepted(Message message, long at) {}

  private final State state;
  private final Journal journal;
  private final BlockingQueue<Runnable> events = new LinkedBlockingQueue<>(MAX_BATCH);
  /** User, device: the one connection that counts. */
  private final Map<String, Map<String, Connection>> live = new HashMap<>();
  /** What is told after the commit. */
  private final List<Runnable> afterCommit = new ArrayList<>();
  /** What may have to be told as stored, the oldest first. */
  private final Deque<Accepted> fresh = new ArrayDeque<>();
  private long tickedAt = now();
  private long pingedAt = now();

  Hub(State state, Journal journal) {
    this.state = state;
    this.journal = journal;
  }

  /** Called by the threads of Tomcat. When the hub is busy they wait, and read nothing more meanwhile. */
  void submit(Runnable event) {
    try {
      events.put(event);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  /** Runs until an event throws Stopped. A journal that fails ends the process: nobody was told, and the next start reads it. */
  void run() throws IOException, InterruptedException {
    List<Runnable> batch = new ArrayList<>();
    while (true) {
      Runnable first = events.poll(Math.max(0, tickedAt + TICK_MS - now()), TimeUnit.MILLISECONDS);
      if (first != null) batch.add(first);
      events.drainTo(batch, MAX_BATCH - batch.size());
      batch.forEach(Runnable::run);
      batch.clear();
      if (now() - tickedAt >= TICK_MS) tick();
      journal.commit();
      afterCommit.forEach(Runnable::run);
      afterCommit.clear();
    }
  }

  private void store(Journal.Line line) {
    state.apply(line);
    journal.append(line);
  }

  private void send(Connection connection, Object packet, Connection.Push push) {
    String frame = Packets.write(packet);
    afterCommit.add(() -> connection.send(frame, push));
  }

  // --- Connections ---

  private Collection<Connection> connectionsOf(String user) {
    return live.getOrDefault(user, Map.of()).values();
  }

  private List<Connection> everybody() {
    return live.values().stream().flatMap(devices -> devices.values().stream()).toList();
  }

  private boolean isLive(Connection connection) {
    return live.getOrDefault(connection.user, Map.of()).get(connection.device) == connection;
  }

  void join(Connection connection) {
    Map<String, Connection> devices = live.computeIfAbsent(connection.user, user -> new HashMap<>());
    Connection older = devices.get(connection.device);
    if (older != null && older.arrival > connection.arrival) { // It was opened before the other, and its thread ran later.
      afterCommit.add(() -> connection.close(4409, "replaced by a newer connection"));
      return;
    }
    devices.put(connection.device, connection);
    if (older != null) afterCommit.add(() -> older.close(4409, "replaced by a newer connection"));
    pushWhatWaits(connection);
  }

  /** The late end of a connection that was replaced is nobody's leaving (IM-1-13). */
  void leave(Connection connection) {
    if (!isLive(connection)) return;
    Map<String, Connection> devices = live.get(connection.user);
    devices.remove(connection.device);
    if (!devices.isEmpty()) return;
    live.remove(connection.user);
    state.inbox(connection.user).values().stream().filter(message -> message.waitsForTimer).forEach(this::tellStored);
  }

  void hangUp(Connection connection, int code, String reason) {
    if (!isLive(connection)) return;
    leave(connection);
    afterCommit.add(() -> connection.close(code, reason));
  }

  /** Graceful stop: what still arrives is not answered. */
  void hangUpOnEverybody() {
    everybody().forEach(connection -> hangUp(connection, 1001, "the server stops"));
  }

  // --- Requests ---

  void onFrame(Connection connection, String frame) {
    if (!isLive(connection)) return; // Replaced, or already told to go (IM-1-12).
    try {
      Packets.Request request = Packets.read(frame);
      if (request.type().equals("msg:R")) onMsgR(connection, request);
      else onAckR(connection, request);
    } catch (Packets.Unanswerable reason) {
      hangUp(connection, 4400, reason.getMessage());
    }
  }

  /** Checks in the order of IM-2-17. */
  private void onMsgR(Connection connection, Packets.Request request) {
    Packets.Rejection rejection = null;
    Message known = null;
    if (request.problem() != null) {
      rejection = new Packets.Rejection("invalid-packet", request.problem());
    } else if (request.body().getBytes(java.nio.charset.StandardCharsets.UTF_8).length > Packets.MAX_BODY_BYTES) {
      rejection = new Packets.Rejection("body-too-large", "body must be at most " + Packets.MAX_BODY_BYTES + " bytes");
    } else {
      known = state.find(connection.user, request.msgId());
      if (known != null && !known.digest.equals(request.digest())) {
        rejection = new Packets.Rejection("id-conflict", "this msgId stands for another message");
      } else if (known == null && state.inbox(request.to()).size() >= MAX_INBOX_MESSAGES) {
        rejection = new Packets.Rejection("inbox-full", "the inbox is full, try later");
      }
    }
    if (rejection != null) {
      send(connection, new Packets.Answer("msg:A", request.rid(), request.msgId(), null, "rejected", rejection), null);
    } else if (known != null) {
      send(connection, new Packets.Answer("msg:A", request.rid(), request.msgId(), known.serverMsgId, "duplicate", null), null);
      triggerWhatIsMissing(known);
    } else {
      Message message = state.newMessage(connection.user, request);
      store(new Journal.Line(null, message, null));
      send(connection, new Packets.Answer("msg:A", request.rid(), request.msgId(), message.serverMsgId, "accepted", null), null);
      afterAccepted(message);
    }
  }

  private void afterAccepted(Message message) {
    if (connectionsOf(message.to).isEmpty()) {
      tellStored(message);
      return;
    }
    message.waitsForTimer = true;
    fresh.add(new Accepted(message, now()));
    connectionsOf(message.to).forEach(this::pushWhatWaits);
  }

  /** A re-sending repairs: it is never only answered `duplicate` (IM-4.2-9). */
  private void triggerWhatIsMissing(Message message) {
    if (message.ack != null) {
      tell(message, "delivered", message.ack.at());
      return;
    }
    for (Connection connection : connectionsOf(message.to)) {
      Connection.Push push = connection.inFlight.get(message.serverMsgId);
      if (push != null) push(connection, push); // If not, it waits for its turn and goes on waiting.
    }
    if (!message.waitsForTimer) tellStored(message);
  }

  private void onAckR(Connection connection, Packets.Request request) {
    Message message = request.problem() == null ? state.findFor(connection.user, request.serverMsgId()) : null;
    String status = message == null ? "rejected" : message.ack == null ? "ok" : "duplicate";
    Packets.Rejection rejection = request.problem() != null ? new Packets.Rejection("invalid-packet", request.problem())
        : message == null ? new Packets.Rejection("unknown-message", "no message to you has this id") : null;
    if (status.equals("ok")) store(new Journal.Line(null, null, state.newAck(message)));
    send(connection, new Packets.Answer("ack:A", request.rid(), null, request.serverMsgId(), status, rejection), null);
    if (!status.equals("ok")) return;
    tell(message, "delivered", message.ack.at());
    for (Connection receiver : connectionsOf(message.to)) {
      receiver.inFlight.remove(message.serverMsgId);
      pushWhatWaits(receiver);
    }
  }

  private void tellStored(Message message) {
    message.waitsForTimer = false;
    tell(message, "stored", message.acceptedAt);
  }

  private void tell(Message message, String status, long at) {
    Packets.AckN packet = new Packets.AckN("ack:N", message.msgId, message.serverMsgId, message.to, status, at);
    connectionsOf(message.from).forEach(connection -> send(connection, packet, null));
  }

  /** Backlog and live messages take the same way, in order, as many as there are places for. */
  private void pushWhatWaits(Connection connection) {
    for (Message message : state.inbox(connection.user).tailMap(connection.cursor, false).values()) {
      if (connection.inFlight.size() >= MAX_IN_FLIGHT) return;
      Connection.Push push = new Connection.Push(message);
      connection.cursor = message.seq;
      connection.inFlight.put(message.serverMsgId, push);
      sendPush(connection, push);
    }
  }

  /** Repeats a push, unless the copy before it has not even left. */
  private void push(Connection connection, Connection.Push push) {
    if (push.sentAt == 0) return;
    push.sentAt = 0;
    sendPush(connection, push);
  }

  private void sendPush(Connection connection, Connection.Push push) {
    Message m = push.message;
    send(connection, new Packets.MsgN("msg:N", m.msgId, m.serverMsgId, m.from, m.to, m.body, m.acceptedAt, m.seq), push);
  }

  // --- Timers ---

  private void tick() {
    long now = now();
    boolean stalled = now - tickedAt > PING_EVERY_MS; // Then this process was silent, not its peers (IM-1-18).
    tickedAt = now;
    boolean pings = now - pingedAt >= PING_EVERY_MS;
    if (pings) pingedAt = now;
    for (Connection connection : everybody()) {
      if (stalled) connection.forgive();
      lookAfter(connection, now, pings);
    }
    while (!fresh.isEmpty() && now - fresh.peek().at >= TOO_LONG_MS) {
      Message message = fresh.remove().message;
      if (message.waitsForTimer && message.ack == null) tellStored(message);
    }
    state.forget();
  }

  private void lookAfter(Connection connection, long now, boolean pings) {
    if (connection.silentForMs() > TOO_LONG_MS) {
      leave(connection);
      connection.abort(1001, "you are silent");
    } else if (connection.stuckForMs() > TOO_LONG_MS) {
      leave(connection);
      connection.abort(4413, "you do not read");
    } else if (pings && connection.isIdle()) {
      connection.ping();
    }
    for (Connection.Push push : connection.inFlight.values()) {
      if (push.sentAt == 0 || now - push.sentAt < push.pauseMs) continue;
      // Half as long again each time: with a late tick still less than twice the pause before.
      push.pauseMs = Math.min(push.pauseMs * 3 / 2, REDELIVER_MAX_MS - 2 * TICK_MS);
      push(connection, push);
    }
  }
}
