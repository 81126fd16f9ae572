package dev.firn.ingest.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.ingest.CommandException;
import dev.firn.ingest.Program;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TestTortureSettings {
  private static TortureSettings of(DemoSource.Kind source, Optional<Integer> postgres) {
    return new TortureSettings(
        3,
        1,
        40,
        100,
        1,
        source,
        postgres,
        DemoLake.Storage.LOCAL,
        DemoLake.Access.EMBEDDED,
        new Program(Path.of("firn.jar"), List.of()));
  }

  @Test
  void versionOfPostgresGoesWithPostgresOnly() {
    assertThat(of(DemoSource.Kind.POSTGRES, Optional.of(17)).postgres()).contains(17);
    assertThat(of(DemoSource.Kind.MARIADB, Optional.empty()).source())
        .isEqualTo(DemoSource.Kind.MARIADB);
    assertThatThrownBy(() -> of(DemoSource.Kind.POSTGRES, Optional.of(15)))
        .isInstanceOf(CommandException.class)
        .hasMessage("--pg 15: 16, 17 or 18");
    assertThatThrownBy(() -> of(DemoSource.Kind.MARIADB, Optional.of(17)))
        .isInstanceOf(CommandException.class)
        .hasMessage("--pg 17: not with --source mariadb; leave one of them out");
  }
}
