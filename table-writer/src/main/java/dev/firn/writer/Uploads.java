package dev.firn.writer;

import static java.util.Objects.requireNonNull;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Uploads of one thread's files to an object store that run beside each other, while the thread
 * writes the next file. Whoever makes files part of something awaits them first.
 */
final class Uploads {
  private static final ThreadLocal<@Nullable Uploads> OF_THIS_THREAD = new ThreadLocal<>();

  private static final Executor THREADS =
      upload -> Thread.ofPlatform().daemon().name("firn-upload").start(upload);

  /** By location, of all threads. */
  private static final Map<String, CompletableFuture<Void>> UNDER_WAY = new ConcurrentHashMap<>();

  private final List<CompletableFuture<Void>> running = new ArrayList<>();
  private @Nullable Throwable failure;

  private Uploads() {}

  /**
   * Files that the work completes are uploaded beside each other; all of them have been when it
   * returns. Where files are on no object store nothing is different.
   *
   * @throws UncheckedIOException a file could not be uploaded
   */
  static <R> R overlapping(Supplier<R> work) {
    if (OF_THIS_THREAD.get() != null) {
      return work.get();
    }
    Uploads uploads = new Uploads();
    OF_THIS_THREAD.set(uploads);
    try {
      R result = work.get();
      await();
      return result;
    } catch (IOException e) {
      throw unchecked(e);
    } catch (RuntimeException e) {
      throw cause(e);
    } finally {
      uploads.end();
    }
  }

  /** Work that reads a file of its own finds nothing where its upload has failed: that is told. */
  private static RuntimeException cause(RuntimeException consequence) {
    try {
      await();
      return consequence;
    } catch (IOException e) {
      RuntimeException cause = unchecked(e);
      cause.addSuppressed(consequence);
      return cause;
    }
  }

  private static UncheckedIOException unchecked(IOException failure) {
    return new UncheckedIOException(String.valueOf(failure.getMessage()), failure);
  }

  /** What is under way when the work has failed is waited for: what it wrote may be removed. */
  private void end() {
    OF_THIS_THREAD.remove();
    waitForAll();
  }

  private void waitForAll() {
    for (CompletableFuture<Void> upload : running) {
      Throwable why = upload.<@Nullable Throwable>handle((done, failed) -> failed).join();
      failure = failure == null ? why : failure;
    }
    running.clear();
  }

  /** Closes a file that is uploaded by that, at once or beside others. */
  static void close(String location, Closeable file) throws IOException {
    Uploads uploads = OF_THIS_THREAD.get();
    if (uploads == null) {
      file.close();
    } else {
      CompletableFuture<Void> upload =
          CompletableFuture.runAsync(() -> closeNow(location, file), THREADS);
      UNDER_WAY.put(location, upload);
      uploads.running.add(
          upload.whenComplete((done, failed) -> UNDER_WAY.remove(location, upload)));
    }
  }

  /**
   * Returns once a file is not on its way any more: a commit that merges manifests reads those that
   * it has just written. Whoever completed it learns whether it failed.
   */
  static void settle(String location) {
    CompletableFuture<Void> upload = UNDER_WAY.get(location);
    if (upload != null) {
      var unused = upload.exceptionally(failed -> null).join();
    }
  }

  private static void closeNow(String location, Closeable file) {
    try {
      file.close();
    } catch (IOException | RuntimeException e) {
      throw new UncheckedIOException(new IOException("Cannot upload " + location, e));
    }
  }

  /** Returns once nothing that this thread has completed is on its way any more. */
  static void settle() {
    Uploads uploads = OF_THIS_THREAD.get();
    if (uploads != null) {
      uploads.waitForAll();
    }
  }

  /**
   * Returns once all that this thread has completed is uploaded.
   *
   * @throws IOException something could not be, now or earlier in this work
   */
  static void await() throws IOException {
    settle();
    Uploads uploads = OF_THIS_THREAD.get();
    Throwable why = uploads == null ? null : uploads.failure;
    switch (why instanceof CompletionException e ? e.getCause() : why) {
      case null -> {}
      case UncheckedIOException cause -> throw requireNonNull(cause.getCause());
      case Throwable cause -> throw new IOException("Cannot upload", cause);
    }
  }
}
