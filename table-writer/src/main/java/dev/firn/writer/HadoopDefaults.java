package dev.firn.writer;

import java.net.URL;
import org.jspecify.annotations.Nullable;

/**
 * Keeps Iceberg's Parquet writer from reading Hadoop's default settings: it makes a new Hadoop
 * configuration for every file and uses none of them, but to parse them takes longer than to write
 * a small file.
 */
public final class HadoopDefaults {
  private HadoopDefaults() {}

  /**
   * Something that opens files to write.
   *
   * @param <E> what it throws
   */
  public interface Opening<T, E extends Exception> {
    T open() throws E;
  }

  /** Opens files while the thread's class loader does not find the defaults. */
  public static <T, E extends Exception> T hiddenFrom(Opening<T, E> opening) throws E {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(new Hiding(before));
    try {
      return opening.open();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Of core, MapReduce, YARN and whatever else is on the class path. */
  private static boolean isSettings(String resource) {
    return resource.endsWith("-default.xml") || resource.endsWith("-site.xml");
  }

  private static final class Hiding extends ClassLoader {
    Hiding(@Nullable ClassLoader parent) {
      super(parent == null ? HadoopDefaults.class.getClassLoader() : parent);
    }

    @Override
    public @Nullable URL getResource(String name) {
      return isSettings(name) ? null : super.getResource(name);
    }
  }
}
