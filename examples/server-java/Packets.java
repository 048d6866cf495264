import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/** The form of packets: what arrives is looked at here, before anything else sees it (sections 2.1 and 2.2). */
final class Packets {
  static final String PROTOCOL = "im.ran.v1";
  static final int MAX_BODY_BYTES = 65_536;
  static final int MAX_FRAME_BYTES = 524_288;
  static final long MAX_TTL_MS = 31_536_000_000L;

  static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");
  static final Pattern USER = Pattern.compile("[A-Za-z0-9._@-]{1,64}");
  static final Pattern WHO = Pattern.compile(USER + "/[A-Za-z0-9._-]{1,32}");

  /** Without the feature, a second value behind the first one would be read over. */
  static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** An R. Its problem says why it is not valid, or is null; it can be answered all the same. Ids that are not valid are null. */
  record Request(String type, String rid, String msgId, String to, String body, Long ttlMs, String serverMsgId, String problem) {
    /** Stands for the content of a message when its body is gone: enough to tell a duplicate from a conflict. */
    String digest() {
      try {
        byte[] content = JSON.writeValueAsBytes(List.of(to, body, String.valueOf(ttlMs)));
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
      } catch (JsonProcessingException | NoSuchAlgorithmException impossible) {
        throw new AssertionError(impossible);
      }
    }
  }

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Answer(String type, String rid, String msgId, String serverMsgId, String status, Rejection error) {}

  record Rejection(String code, String message) {}

  record MsgN(String type, String msgId, String serverMsgId, String from, String to, String body, long acceptedAt, long seq) {}

  record AckN(String type, String msgId, String serverMsgId, String to, String status, long at) {}

  /** What has no usable rid cannot be answered. The close code 4400 is the only answer left (IM-2-14). */
  static final class Unanswerable extends Exception {
    Unanswerable(String reason) {
      super(reason);
    }
  }

  static Request read(String frame) throws Unanswerable {
    JsonNode packet;
    try {
      packet = JSON.readTree(frame);
    } catch (JsonProcessingException | StackOverflowError error) { // The second comes from packets that nest too deep.
      throw new Unanswerable("not JSON");
    }
    if (!packet.isObject()) throw new Unanswerable("not a JSON object");
    String type = text(packet, "type");
    if (!"msg:R".equals(type) && !"ack:R".equals(type)) throw new Unanswerable("not an R");
    String rid = matching(ID, packet, "rid");
    if (rid == null) throw new Unanswerable("no usable rid");
    Request request = new Request(type, rid, matching(ID, packet, "msgId"), matching(USER, packet, "to"), text(packet, "body"),
        ttl(packet), matching(ID, packet, "serverMsgId"), null);
    return new Request(type, rid, request.msgId, request.to, request.body, request.ttlMs, request.serverMsgId,
        problem(packet, request));
  }

  private static String problem(JsonNode packet, Request request) {
    if (hasLoneSurrogate(packet)) return "strings must be free of lone surrogates";
    if (request.type.equals("ack:R")) {
      return request.serverMsgId != null ? null : "serverMsgId must be 1 to 64 of A-Z a-z 0-9 _ -";
    }
    if (request.msgId == null) return "msgId must be 1 to 64 of A-Z a-z 0-9 _ -";
    if (request.to == null) return "to must be 1 to 64 of A-Z a-z 0-9 . _ @ -";
    if (request.body == null) return "body must be a string";
    if (packet.has("ttlMs") && request.ttlMs == null) return "ttlMs must be an integer from 1 to " + MAX_TTL_MS;
    return null;
  }

  /** A Java string can hold a lone surrogate, UTF-8 cannot. The attempt to encode finds it wherever it stands. */
  private static boolean hasLoneSurrogate(JsonNode packet) {
    return !StandardCharsets.UTF_8.newEncoder().canEncode(packet.toString());
  }

  private static Long ttl(JsonNode packet) {
    JsonNode value = packet.path("ttlMs");
    double number = value.isNumber() ? value.doubleValue() : 0;
    return number >= 1 && number <= MAX_TTL_MS && number == Math.rint(number) ? (long) number : null;
  }

  private static String text(JsonNode packet, String name) {
    return packet.path(name).isTextual() ? packet.path(name).textValue() : null;
  }

  private static String matching(Pattern form, JsonNode packet, String name) {
    String value = text(packet, name);
    return value != null && form.matcher(value).matches() ? value : null;
  }

  static String write(Object packet) {
    try {
      return JSON.writeValueAsString(packet);
    } catch (IOException impossible) {
      throw new AssertionError(impossible);
    }
  }
}
