package dev.firn.compaction.cleaning;

/** What a file of a table is. */
public enum FileKind {
  DATA_FILE("data file"),
  /** Of positions or of equality deletes. */
  DELETE_FILE("delete file"),
  /** Deletion vectors, of several data files mostly. */
  PUFFIN("Puffin file"),
  MANIFEST("manifest"),
  MANIFEST_LIST("manifest list"),
  STATISTICS("statistics file"),
  METADATA("metadata file"),
  OTHER("other file");

  private final String label;

  FileKind(String label) {
    this.label = label;
  }

  /** What a file seems to be whose name is all that is known. */
  static FileKind ofName(String name) {
    if (name.endsWith(".metadata.json")) {
      return METADATA;
    }
    if (name.endsWith(".stats")) {
      return STATISTICS;
    }
    if (name.endsWith(".puffin")) {
      return PUFFIN;
    }
    if (name.endsWith(".avro") && name.startsWith("snap-")) {
      return MANIFEST_LIST;
    }
    if (name.matches(".*-m\\d+\\.avro")) {
      return MANIFEST;
    }
    if (name.matches(".*\\.(parquet|orc|avro)")) {
      return name.contains("-deletes") ? DELETE_FILE : DATA_FILE;
    }
    return OTHER;
  }

  @Override
  public String toString() {
    return label;
  }
}
