import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/**
 * A file to which a line is added for each message that is accepted and for each ack. Read from its beginning it gives
 * the state back. Lines are collected by append and become durable, all together, by commit.
 */
final class Journal {
  /** One line: exactly one of the three is there. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Line(Start start, Message message, Message.Ack ack) {}

  /** The first line of each process: what must go on even when every message has been forgotten. */
  record Start(long lastSeq, long uptimeMs) {}

  private final FileChannel file;
  private final ByteArrayOutputStream pending = new ByteArrayOutputStream();

  private Journal(FileChannel file) {
    this.file = file;
  }

  /**
   * Brings the state of the last process back. Then it writes what is worth keeping into a fresh file, which takes the
   * place of the old one in one step: the file holds nothing twice, and a torn last line is gone.
   */
  static Journal open(Path folder, State state) throws IOException {
    Path path = folder.resolve("journal.ndjson");
    Path fresh = folder.resolve("journal.ndjson.new");
    if (Files.exists(path)) read(path, state::apply);
    state.forget();
    Journal journal = new Journal(FileChannel.open(fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE));
    state.each(journal::append);
    journal.commit();
    Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel directory = FileChannel.open(folder)) {
      directory.force(true); // Otherwise a loss of power could bring the old name back.
    }
    return journal;
  }

  private static void read(Path path, Consumer<Line> replay) throws IOException {
    byte[] all = Files.readAllBytes(path);
    int from = 0;
    for (int at = 0; at < all.length; at++) {
      if (all[at] != '\n') continue;
      replay.accept(Packets.JSON.readValue(all, from, at - from, Line.class));
      from = at + 1;
    }
    // A last line without its end was never committed, so nobody was told of it.
  }

  void append(Line line) {
    pending.writeBytes(Packets.write(line).getBytes(StandardCharsets.UTF_8));
    pending.write('\n');
  }

  /** Returns when the disk has what was appended: one flush for all of it. */
  void commit() throws IOException {
    if (pending.size() == 0) return;
    ByteBuffer bytes = ByteBuffer.wrap(pending.toByteArray());
    pending.reset();
    while (bytes.hasRemaining()) file.write(bytes);
    file.force(false);
  }
}
