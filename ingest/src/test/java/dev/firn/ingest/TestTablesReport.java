package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.compaction.health.Finding;
import dev.firn.compaction.health.TableHealth;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TestTablesReport {
  private static final Instant NOW = Instant.parse("2026-11-21T06:00:00.500Z");

  private static TableHealth orders() {
    return new TableHealth(
        NOW,
        new TableHealth.Files(1_000_000, 1_315_790, 212, 1_181_116_006, 389_325, 206),
        new TableHealth.Deletes(315_790, 180, 712_000, 0, 0, 0, 0, 0),
        new TableHealth.Metadata(3, 11, 1_153_434, 1204, 3, 1_258_291),
        new TableHealth.Activity(
            Optional.of(
                new TableHealth.Commit(
                    NOW.minusMillis(1500), 42, TableHealth.Committer.WRITER, "")),
            Optional.of(NOW.minusMillis(2500)),
            Optional.of(Duration.ofMillis(2500)),
            Optional.of(NOW.minusSeconds(9000)),
            new TableHealth.Requests(3600, 21_600, 14_400)),
        new TableHealth.Cost(
            new TableHealth.Scan(212, 1_184_239_731, 740, 26.6),
            new TableHealth.Scan(7, 897_648_164, 122, 11.4),
            83.05,
            0.03),
        List.of(
            new Finding(
                Finding.Kind.SMALL_FILES,
                "206 of 212 data files are small; a fresh copy has 7",
                "run ./firn compact"),
            new Finding(
                Finding.Kind.DELETED_ROWS,
                "24 % of the rows in the data files are deleted",
                "run ./firn compact")));
  }

  private static TableHealth notes(List<Finding> findings) {
    TableHealth.Scan scan = new TableHealth.Scan(1, 2048, 5, 0.1);
    return new TableHealth(
        NOW,
        new TableHealth.Files(20, 20, 1, 2048, 2048, 1),
        new TableHealth.Deletes(0, 0, 0, 0, 0, 0, 0, 0),
        new TableHealth.Metadata(3, 1, 4096, 4, 2, 6246),
        new TableHealth.Activity(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            new TableHealth.Requests(0, 0, 0)),
        new TableHealth.Cost(scan, scan, 0, 0),
        findings);
  }

  private static TablesReport.Entry entry(String name, TableHealth health) {
    return new TablesReport.Entry(name, Asked.of(health));
  }

  @Test
  void tablesStandInColumnsAndWhatIsWrongBelow() {
    TablesReport report =
        new TablesReport(
            List.of(
                entry("public.notes", notes(List.of())),
                entry("public.orders", orders()),
                new TablesReport.Entry("public.parts", Asked.nothing("is gone"))));
    assertThat(report.isComplete()).isFalse();
    assertThat(report.text())
        .isEqualToNormalizingNewlines(
            """
            table               rows  files    size    median  small  deleted  snapshots  metadata  lag  compacted  read cost
            public.notes          20      1  2.0 kB    2.0 kB  100 %      0 %          4    6.1 kB    -      never      1.00x  healthy
            public.orders  1,000,000    212  1.1 GB  380.2 kB   97 %     24 %      1,204    1.2 MB  2 s    2 h ago      2.33x  small files, deleted rows

            public.orders
              206 of 212 data files are small; a fresh copy has 7
                -> run ./firn compact
              24 % of the rows in the data files are deleted
                -> run ./firn compact

            public.parts is gone\
            """);
  }

  @Test
  void detailsTellEverything() {
    assertThat(new TablesReport(List.of(entry("public.orders", orders()))).details())
        .isEqualToNormalizingNewlines(
            """
            public.orders at 2026-11-21T06:00:00Z: small files, deleted rows
              206 of 212 data files are small; a fresh copy has 7
                -> run ./firn compact
              24 % of the rows in the data files are deleted
                -> run ./firn compact
              rows         1,000,000, and 315,790 deleted ones (24 %) in the files
              data files   212 of 1.1 GB together, median 380.2 kB; 206 are small (97 %)
              deletes      180 deletion vectors (695.3 kB), 0 position delete files (0 bytes), 0 equality delete files (0 bytes, 0 keys)
              metadata     format version 3, 1,204 snapshots, 3 branches and tags, 11 manifests (1.1 MB), metadata.json of 1.2 MB
              last commit  2026-11-21T05:59:59Z (1 s ago), snapshot 42, by the writer
              lag          2 s since the source's commit at 2026-11-21T05:59:58Z
              compacted    2026-11-21T03:30:00Z (2 h ago)
              full scan    740 requests for 1.1 GB: 2.33x of a fresh copy's time (122 requests for 856.1 MB in 7 files)
              last hour    3,600 commits of the writer, by 21,600 requests that write and 14,400 that read
              a month      costs 83.05 for requests as in the last hour and 0.03 for storage\
            """);
  }

  @Test
  void whatIsWellIsSaidOfAHealthyTableToo() {
    Finding quiet = new Finding(Finding.Kind.QUIET, "no commit for 30 hours", "nothing");
    TablesReport report = new TablesReport(List.of(entry("public.notes", notes(List.of(quiet)))));
    assertThat(report.text()).endsWith("healthy").doesNotContain("no commit");
    assertThat(report.details())
        .contains("public.notes at 2026-11-21T06:00:00Z: healthy", "  no commit for 30 hours");
  }
}
