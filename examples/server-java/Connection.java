import jakarta.websocket.CloseReason;
import jakarta.websocket.Session;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.coyote.http11.upgrade.UpgradeInfo;

/** Who is at the other end, what was pushed to it, and what still has to leave. */
final class Connection {
  /** For a peer that does not answer the close, or does not read it. */
  static final long GOODBYE_MS = 1_000;

  /** Writes and closes may wait for the peer. They run here, so that neither the hub nor a reader waits (IM-4.2-25). */
  private static final ExecutorService WRITERS = Executors.newCachedThreadPool(task -> {
    Thread thread = new Thread(task, "writer");
    thread.setDaemon(true);
    return thread;
  });

  /** A msg:N that is out and not acked. */
  static final class Push {
    final Message message;
    long pauseMs = Hub.REDELIVER_AFTER_MS;
    /** When its last copy was written; 0 while that waits in the outbox. A second copy behind it would help nobody. */
    volatile long sentAt;

    Push(Message message) {
      this.message = message;
    }
  }

  private interface Write {
    void run() throws IOException;
  }

  private static final AtomicInteger OPEN = new AtomicInteger();

  final long arrival;
  final String user;
  final String device;

  // Of the hub's thread alone:
  /** The seq of the last first push: all that follows waits for its turn. */
  long cursor;
  final Map<String, Push> inFlight = new HashMap<>();

  private final Session session;
  private final UpgradeInfo traffic;
  private long framesSeen;
  private final Queue<Write> outbox = new ArrayDeque<>();
  private boolean writing;
  private volatile long heardAt = Hub.now();
  /** When a write last ended, or the outbox was empty. */
  private volatile long movedAt = Hub.now();

  Connection(Session session, Door.Visitor visitor) {
    this.session = session;
    this.arrival = visitor.arrival;
    this.user = visitor.user;
    this.device = visitor.device;
    this.traffic = visitor.traffic;
    OPEN.incrementAndGet();
    session.setMaxIdleTimeout(0); // The hub finds dead peers. It knows when it was itself stalled.
    session.getUserProperties().put("org.apache.tomcat.websocket.BLOCKING_SEND_TIMEOUT", GOODBYE_MS);
    session.getUserProperties().put("org.apache.tomcat.websocket.SESSION_CLOSE_TIMEOUT", GOODBYE_MS);
  }

  /** Called by Tomcat's thread when the session has ended. */
  void ended() {
    OPEN.decrementAndGet();
  }

  /** Until everybody has been told to go, or long enough. The system delivers what is written after this process has gone. */
  static void awaitGoodbyes() {
    try {
      for (long until = Hub.now() + 2 * GOODBYE_MS; OPEN.get() > 0 && Hub.now() < until; ) Thread.sleep(20);
    } catch (InterruptedException enough) {
      Thread.currentThread().interrupt();
    }
  }

  void heard() {
    heardAt = Hub.now();
  }

  long silentForMs() {
    long frames = traffic.getMsgsReceived();
    if (frames != framesSeen) heard();
    framesSeen = frames;
    return Hub.now() - heardAt;
  }

  /** For how long something has waited to be written, and nothing has left. */
  long stuckForMs() {
    synchronized (outbox) {
      return writing ? Hub.now() - movedAt : 0;
    }
  }

  boolean isIdle() {
    synchronized (outbox) {
      return !writing;
    }
  }

  /** After a stall of the server its peers get their time anew (IM-1-18). */
  void forgive() {
    heardAt = Hub.now();
    movedAt = Hub.now();
  }

  void send(String frame, Push push) {
    queue(() -> session.getAsyncRemote().sendText(frame, result -> {
      if (push != null) push.sentAt = Hub.now();
      if (result.isOK()) WRITERS.execute(this::writeNext); // Not here: a thousand frames would be a thousand calls deep.
    }));
  }

  void ping() {
    queue(() -> {
      session.getAsyncRemote().sendPing(ByteBuffer.allocate(0));
      writeNext();
    });
  }

  /** Behind what was sent before it. Who does not read is cut off when the time is over. */
  void close(int code, String reason) {
    queue(() -> session.close(new CloseReason(CloseReason.CloseCodes.getCloseCode(code), reason)));
    CompletableFuture.delayedExecutor(GOODBYE_MS, TimeUnit.MILLISECONDS, WRITERS).execute(() -> end(code, reason));
  }

  /** Without waiting for what is to be written: the peer is dead, or has not read for long. */
  void abort(int code, String reason) {
    WRITERS.execute(() -> end(code, reason));
  }

  /** Tomcat tries for GOODBYE_MS to write the close, and ends the connection in any case. Nothing happens if it has ended. */
  private void end(int code, String reason) {
    try {
      session.close(new CloseReason(CloseReason.CloseCodes.getCloseCode(code), reason));
    } catch (IOException | IllegalStateException gone) {
      // That was the aim.
    }
  }

  private void queue(Write write) {
    synchronized (outbox) {
      outbox.add(write);
      if (writing) return;
      writing = true;
      movedAt = Hub.now();
    }
    WRITERS.execute(this::writeNext);
  }

  /** Tomcat takes one frame at a time. After a failure nothing more is written; the end of the session is reported. */
  private void writeNext() {
    Write write;
    synchronized (outbox) {
      movedAt = Hub.now();
      write = outbox.poll();
      writing = write != null;
      if (!writing) return;
    }
    try {
      write.run();
    } catch (IOException | IllegalStateException gone) {
      // The session has ended, and Tomcat calls onClose.
    }
  }
}
