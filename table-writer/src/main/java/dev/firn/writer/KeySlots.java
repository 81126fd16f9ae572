package dev.firn.writer;

/** The slots of a key index as a row of words, all zero at first. */
interface KeySlots {
  /** Words a slot. */
  int WORDS = 4;

  long get(long word);

  void set(long word, long value);

  /** What it takes of the heap, in bytes. */
  long heapBytes();

  /** Gives back what it holds beside the heap; it must not be used any more. */
  default void close() {}

  static KeySlots onHeap(int capacity) {
    return new OnHeap(new long[WORDS * capacity]);
  }

  /** A plain array. */
  final class OnHeap implements KeySlots {
    private final long[] words;

    private OnHeap(long[] words) {
      this.words = words;
    }

    @Override
    public long get(long word) {
      return words[(int) word];
    }

    @Override
    public void set(long word, long value) {
      words[(int) word] = value;
    }

    @Override
    public long heapBytes() {
      return (long) Long.BYTES * words.length;
    }
  }
}
