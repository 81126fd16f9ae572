package dev.firn.ingest;

import static dev.firn.ingest.SinkSettings.PREFIX;

import java.sql.SQLException;
import java.util.Map;
import java.util.regex.Pattern;

/** Why a database cannot be used as catalog. */
record JdbcFailure(Map<String, String> catalog) {
  /** Locks, and classes of SQL states: conflicts, a lack of resources, a server that shuts down. */
  private static final Pattern PASSING = Pattern.compile("40|53|57|.*SQLITE_(BUSY|LOCKED)");

  LakeFailure of(SQLException failure) {
    String uri = LakeFailure.setting("uri", catalog);
    String said = ConnectionLoss.reason(failure);
    String state = String.valueOf(failure.getSQLState());
    if (said.startsWith("No suitable driver")) {
      return LakeFailure.driverMissing(catalog.getOrDefault("uri", ""));
    }
    return switch (state) {
      case "28P01", "28000" ->
          new LakeFailure(
              "%s: the catalog's database refuses user %s (%s)"
                  .formatted(uri, catalog.getOrDefault("jdbc.user", "(not set)"), said),
              "correct %sjdbc.user and jdbc.password; pg_hba.conf must let the user in"
                  .formatted(PREFIX));
      case "3D000" ->
          new LakeFailure(
              "%s: there is no such database (%s)".formatted(uri, said),
              "make it, or correct the name");
      case "42501" ->
          new LakeFailure(
              "%s: the catalog's database forbids it (%s)".formatted(uri, said),
              "let user %s make tables there, and read and write them"
                  .formatted(catalog.getOrDefault("jdbc.user", "(not set)")));
      default ->
          NetworkFailure.of(failure, uri, "")
              .orElse(
                  new LakeFailure(
                      "%s: the catalog's database fails (%s)".formatted(uri, said),
                      "correct the URI, or see the database's log",
                      PASSING.matcher(state + said).lookingAt()));
    };
  }
}
