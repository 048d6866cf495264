import jakarta.websocket.CloseReason;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpoint;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * One WebSocket. Tomcat makes one object for each connection and calls it by one thread at a time, so the requests of
 * a connection keep their order. Nothing is decided here: every event goes to the hub.
 */
@ServerEndpoint(value = "/", subprotocols = Packets.PROTOCOL)
public class ImEndpoint {
  /** Set once, before Tomcat starts: it makes the endpoints itself. */
  static Hub hub;

  private Connection connection;
  private StringBuilder gathered = new StringBuilder();
  private int bytes;

  @OnOpen
  public void onOpen(Session session) {
    // The Door has put it into the principal: the user is what the token says, never what a packet says (IM-1-9).
    connection = new Connection(session, (Door.Visitor) session.getUserPrincipal());
    hub.submit(() -> hub.join(connection));
  }

  /** In parts as they come in: every one is a sign of life, and what is too large is not gathered first. */
  @OnMessage
  public void onText(String part, boolean last) {
    connection.heard();
    if (bytes > Packets.MAX_FRAME_BYTES) return;
    bytes += part.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > Packets.MAX_FRAME_BYTES) {
      hub.submit(() -> hub.hangUp(connection, CloseReason.CloseCodes.TOO_BIG.getCode(), "the frame is too large"));
      return;
    }
    gathered.append(part);
    if (!last) return;
    String frame = gathered.toString();
    gathered = new StringBuilder();
    bytes = 0;
    hub.submit(() -> hub.onFrame(connection, frame));
  }

  @OnMessage
  public void onBinary(ByteBuffer part, boolean last) {
    hub.submit(() -> hub.hangUp(connection, CloseReason.CloseCodes.CANNOT_ACCEPT.getCode(), "text frames only"));
  }

  @OnClose
  public void onClose() {
    connection.ended();
    hub.submit(() -> hub.leave(connection));
  }

  /** What Tomcat reports here has ended the connection, and onClose follows. Without this method it would be logged. */
  @OnError
  public void onError(Throwable error) {}
}
