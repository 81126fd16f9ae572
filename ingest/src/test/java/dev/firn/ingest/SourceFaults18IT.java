package dev.firn.ingest;

/** The faults on PostgreSQL 18. */
class SourceFaults18IT extends SourceFaults {
  SourceFaults18IT() {
    super(18);
  }
}
