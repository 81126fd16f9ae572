package dev.firn.writer;

import java.io.IOException;
import java.net.URL;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps Iceberg's Parquet writer from reading Hadoop's default settings: it makes a new Hadoop
 * configuration for every file and uses none of them, but to parse them takes longer than to write
 * a small file.
 */
final class HadoopDefaults {
  private static final Set<String> DEFAULTS = Set.of("core-default.xml", "core-site.xml");

  private HadoopDefaults() {}

  /** Something that opens a file. */
  interface Opening<T> {
    T open() throws IOException;
  }

  /** Opens a file while the thread's class loader does not find the defaults. */
  static <T> T hiddenFrom(Opening<T> opening) throws IOException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(new Hiding(before));
    try {
      return opening.open();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static final class Hiding extends ClassLoader {
    Hiding(@Nullable ClassLoader parent) {
      super(parent == null ? HadoopDefaults.class.getClassLoader() : parent);
    }

    @Override
    public @Nullable URL getResource(String name) {
      return DEFAULTS.contains(name) ? null : super.getResource(name);
    }
  }
}
