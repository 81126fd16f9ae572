package dev.firn.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The file of {@code debezium.source.signal.file}, whose lines are signals; each is taken once. */
final class SignalFile {
  private static final Logger LOG = LoggerFactory.getLogger(SignalFile.class);

  private final Optional<Path> file;
  private boolean failed;

  /**
   * @param file empty: there is none
   */
  SignalFile(Optional<Path> file) {
    this.file = file;
  }

  /** The signals since the last call; the file is emptied, as Debezium does. */
  List<SnapshotSignal> take() {
    if (file.isEmpty() || !Files.isRegularFile(file.orElseThrow())) {
      return List.of();
    }
    try {
      List<String> lines = Files.readAllLines(file.orElseThrow(), UTF_8);
      if (!lines.isEmpty()) {
        Files.writeString(file.orElseThrow(), "");
      }
      failed = false;
      return lines.stream().filter(line -> !line.isBlank()).map(SnapshotSignal::parse).toList();
    } catch (IOException e) {
      if (!failed) {
        LOG.warn("cannot take the signals of {}: {}", file.orElseThrow(), e.toString());
        failed = true;
      }
      return List.of();
    }
  }
}
