package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestConfigFile {
  @Test
  void eachFileOfAProcessIsItsOwn(@TempDir Path folder) throws IOException {
    for (String pipeline : new String[] {"first", "second"}) {
      Path file = folder.resolve(pipeline);
      Files.writeString(
          file,
          """
          debezium.source.database.hostname=127.0.0.1
          debezium.source.database.user=firn
          debezium.source.database.dbname=shop
          debezium.sink.iceberg.dir=%s
          debezium.sink.iceberg.pipeline=%s
          """
              .formatted(folder, pipeline));
      assertThat(ConfigFile.load(file).sink().pipeline().name()).isEqualTo(pipeline);
    }
  }
}
