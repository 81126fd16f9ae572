package dev.firn.ingest;

/** The faults on PostgreSQL 16. */
class SourceFaults16IT extends SourceFaults {
  SourceFaults16IT() {
    super(16);
  }
}
