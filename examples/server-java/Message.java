import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;

/** A message and its dedup record in one, so that the two cannot part. */
@JsonAutoDetect(fieldVisibility = JsonAutoDetect.Visibility.ANY)
@JsonInclude(JsonInclude.Include.NON_NULL)
final class Message {
  /** In order of acceptance; never used twice. */
  long seq;
  String serverMsgId;
  String from;
  String msgId;
  String to;
  /** Given up with the ack. */
  String body;
  String digest;
  long acceptedAt;

  /** Null: the message waits. */
  @JsonIgnore Ack ack;
  /** When this process accepted it while its receiver was connected, as long as its sender was not told `stored`. */
  @JsonIgnore boolean waitsForTimer;

  record Ack(String serverMsgId, long at, long uptimeMs) {}

  /** Two fields, so that no separator can mix up two pairs (IM-2-6). */
  record Key(String from, String msgId) {}

  Key key() {
    return new Key(from, msgId);
  }
}
