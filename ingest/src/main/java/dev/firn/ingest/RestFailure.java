package dev.firn.ingest;

import static dev.firn.ingest.SinkSettings.PREFIX;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.iceberg.exceptions.BadRequestException;
import org.apache.iceberg.exceptions.ForbiddenException;
import org.apache.iceberg.exceptions.NoSuchWarehouseException;
import org.apache.iceberg.exceptions.NotAuthorizedException;
import org.apache.iceberg.exceptions.RESTException;
import org.apache.iceberg.exceptions.ServiceFailureException;

/** Why a REST catalog cannot be used. */
record RestFailure(Map<String, String> catalog) {
  private static final Pattern CODE = Pattern.compile("code: (\\d+)");

  /** Whether a REST catalog, or the way to it, has failed. */
  static boolean isOne(Throwable failure) {
    return failure instanceof RESTException || failure instanceof NoSuchWarehouseException;
  }

  LakeFailure of(Throwable failure) {
    String said = ConnectionLoss.reason(failure);
    String uri = LakeFailure.setting("uri", catalog);
    return switch (failure) {
      case NotAuthorizedException e -> unauthorized(uri, said);
      case ForbiddenException e ->
          new LakeFailure(
              "%s: the catalog forbids it (403: %s)".formatted(uri, said),
              "let this user make namespaces and tables, and read and write them; or take another: "
                  + identity());
      case NoSuchWarehouseException e -> warehouse(uri, said);
      case BadRequestException e when said.contains("warehouse") -> warehouse(uri, said);
      case BadRequestException e ->
          new LakeFailure(
              "%s: the catalog refuses the request (400: %s)".formatted(uri, said),
              "see %swarehouse, prefix, scope and credential".formatted(PREFIX));
      case ServiceFailureException e ->
          new LakeFailure(
              "%s: the catalog fails (%s)".formatted(uri, said),
              "see its log; it may pass by itself",
              true);
      default -> other(failure, uri, said);
    };
  }

  private LakeFailure warehouse(String uri, String said) {
    return new LakeFailure(
        "%s: the catalog does not know %s (%s)"
            .formatted(uri, LakeFailure.setting("warehouse", catalog), said),
        "name one that it has, or make it there");
  }

  private LakeFailure unauthorized(String uri, String said) {
    return new LakeFailure("%s: the catalog refuses (401: %s)".formatted(uri, said), identity());
  }

  private LakeFailure other(Throwable failure, String uri, String said) {
    return NetworkFailure.of(failure, uri, "").orElseGet(() -> answered(failure, uri, said));
  }

  /** With something that is none of Iceberg's answers. */
  private LakeFailure answered(Throwable failure, String uri, String said) {
    Matcher code = CODE.matcher(String.valueOf(failure.getMessage()));
    String status = code.find() ? code.group(1) : said;
    return status.equals("401")
        ? unauthorized(uri, said)
        : new LakeFailure(
            "%s: no REST catalog answers there (%s)".formatted(uri, status),
            "correct the address; it ends before /v1, often in /catalog or /api/catalog");
  }

  private String identity() {
    String how =
        catalog.containsKey("rest.auth.type")
            ? "rest.auth.type=%s and its keys".formatted(catalog.get("rest.auth.type"))
            : catalog.containsKey("credential")
                ? "credential (client id:secret), scope and oauth2-server-uri"
                : catalog.containsKey("token") ? "token" : "token or credential (neither is set)";
    return "see %s%s".formatted(PREFIX, how);
  }
}
