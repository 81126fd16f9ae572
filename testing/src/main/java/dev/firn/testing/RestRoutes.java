package dev.firn.testing;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.NoSuchNamespaceException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.rest.CatalogHandlers;
import org.apache.iceberg.rest.Endpoint;
import org.apache.iceberg.rest.RESTCatalogProperties.SnapshotMode;
import org.apache.iceberg.rest.RESTSerializers;
import org.apache.iceberg.rest.RESTUtil;
import org.apache.iceberg.rest.requests.CommitTransactionRequest;
import org.apache.iceberg.rest.requests.CreateNamespaceRequest;
import org.apache.iceberg.rest.requests.CreateTableRequest;
import org.apache.iceberg.rest.requests.RenameTableRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequest;
import org.apache.iceberg.rest.responses.ConfigResponse;
import org.apache.iceberg.rest.responses.ErrorResponse;
import org.apache.iceberg.rest.responses.ErrorResponseParser;

/** What an Iceberg REST catalog answers, by method and path, from the catalog behind it. */
final class RestRoutes {
  private static final String SEPARATOR = "%1F";
  private static final Pattern PARENT = Pattern.compile("(?:^|&)parent=([^&]+)");
  private static final ObjectMapper JSON = json();

  /**
   * @param status of HTTP
   * @param json empty: none
   */
  record Answer(int status, String json) {}

  private record Request(String route, List<String> path, String query, String body) {
    Namespace parent() {
      Matcher parent = PARENT.matcher(query);
      return parent.find()
          ? RESTUtil.decodeNamespace(parent.group(1), SEPARATOR)
          : Namespace.empty();
    }

    Namespace namespace() {
      return RESTUtil.decodeNamespace(path.get(1), SEPARATOR);
    }

    TableIdentifier table() {
      return TableIdentifier.of(namespace(), RESTUtil.decodeString(path.get(3)));
    }

    <R> R body(Class<R> type) {
      try {
        return JSON.readValue(body, type);
      } catch (JsonProcessingException e) {
        throw new IllegalArgumentException("not a %s".formatted(type.getSimpleName()), e);
      }
    }
  }

  private final Catalog tables;
  private final SupportsNamespaces namespaces;

  /** Shared by all but a transaction, which nobody may see a part of. */
  private final ReadWriteLock lock = new ReentrantReadWriteLock();

  private final AtomicReference<RestCatalog.Fault> fault =
      new AtomicReference<>(RestCatalog.Fault.NONE);
  private final AtomicInteger transactions = new AtomicInteger();
  private final boolean offersTransactions;

  RestRoutes(Catalog behind, boolean offersTransactions) {
    this.offersTransactions = offersTransactions;
    this.tables = behind;
    this.namespaces = (SupportsNamespaces) behind;
  }

  /**
   * @param path as it was sent, such as /v1/namespaces/shop
   * @param query as it was sent, such as parent=shop; empty: none
   */
  Answer answer(String method, String path, String query, String body) {
    List<String> parts = Arrays.asList(path.substring("/v1/".length()).split("/", -1));
    Request request = new Request(route(method, parts), parts, query, body);
    try {
      Object answer = exclusive(request, () -> answer(request));
      return new Answer(200, answer.equals("") ? "" : JSON.writeValueAsString(answer));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    } catch (RuntimeException e) {
      return refused(e);
    }
  }

  // With stars for names, as GET namespaces/*/tables.
  private static String route(String method, List<String> parts) {
    List<String> words = new ArrayList<>(parts);
    for (int name : new int[] {1, 3}) {
      if (words.getFirst().equals("namespaces") && words.size() > name) {
        words.set(name, "*");
      }
    }
    return "%s %s".formatted(method, String.join("/", words));
  }

  private Object exclusive(Request request, Supplier<Object> work) {
    var held =
        request.route().equals("POST transactions/commit") ? lock.writeLock() : lock.readLock();
    held.lock();
    try {
      return work.get();
    } finally {
      held.unlock();
    }
  }

  private Object answer(Request request) {
    return switch (request.route()) {
      case "GET config" -> config();
      case "GET namespaces" -> CatalogHandlers.listNamespaces(namespaces, request.parent());
      case "POST namespaces" ->
          CatalogHandlers.createNamespace(namespaces, request.body(CreateNamespaceRequest.class));
      case "HEAD namespaces/*", "GET namespaces/*" ->
          CatalogHandlers.loadNamespace(namespaces, request.namespace());
      case "DELETE namespaces/*" ->
          nothing(() -> CatalogHandlers.dropNamespace(namespaces, request.namespace()));
      case "GET namespaces/*/tables" -> CatalogHandlers.listTables(tables, request.namespace());
      case "POST namespaces/*/tables" -> create(request);
      case "HEAD namespaces/*/tables/*" ->
          nothing(() -> CatalogHandlers.tableExists(tables, request.table()));
      case "GET namespaces/*/tables/*" ->
          CatalogHandlers.loadTable(tables, request.table(), SnapshotMode.ALL);
      case "POST namespaces/*/tables/*" ->
          CatalogHandlers.updateTable(
              tables, request.table(), request.body(UpdateTableRequest.class));
      case "DELETE namespaces/*/tables/*" ->
          nothing(() -> CatalogHandlers.dropTable(tables, request.table()));
      case "POST tables/rename" ->
          nothing(
              () -> CatalogHandlers.renameTable(tables, request.body(RenameTableRequest.class)));
      case "POST transactions/commit" ->
          nothing(() -> commit(request.body(CommitTransactionRequest.class).tableChanges()));
      default -> throw new UnsupportedOperationException("no route for " + request.route());
    };
  }

  private static Object nothing(Runnable work) {
    work.run();
    return "";
  }

  private ConfigResponse config() {
    List<Endpoint> endpoints =
        new ArrayList<>(
            List.of(
                Endpoint.V1_LIST_NAMESPACES,
                Endpoint.V1_LOAD_NAMESPACE,
                Endpoint.V1_NAMESPACE_EXISTS,
                Endpoint.V1_CREATE_NAMESPACE,
                Endpoint.V1_DELETE_NAMESPACE,
                Endpoint.V1_LIST_TABLES,
                Endpoint.V1_LOAD_TABLE,
                Endpoint.V1_TABLE_EXISTS,
                Endpoint.V1_CREATE_TABLE,
                Endpoint.V1_UPDATE_TABLE,
                Endpoint.V1_DELETE_TABLE,
                Endpoint.V1_RENAME_TABLE));
    if (offersTransactions) {
      endpoints.add(Endpoint.V1_COMMIT_TRANSACTION);
    }
    return ConfigResponse.builder().withEndpoints(endpoints).build();
  }

  private Object create(Request request) {
    CreateTableRequest table = request.body(CreateTableRequest.class);
    return table.stageCreate()
        ? CatalogHandlers.stageTableCreate(tables, request.namespace(), table)
        : CatalogHandlers.createTable(tables, request.namespace(), table);
  }

  /** Nothing is changed before all is found to be as the request wants it. */
  private void commit(List<UpdateTableRequest> changes) {
    transactions.incrementAndGet();
    RestCatalog.Fault struck = fault.getAndSet(RestCatalog.Fault.NONE);
    if (struck == RestCatalog.Fault.REFUSED) {
      throw new CommitFailedException("refused, as told");
    }
    List<Runnable> commits = changes.stream().map(this::planned).toList();
    for (Runnable commit : commits) {
      commit.run();
      if (struck == RestCatalog.Fault.HALF_DONE) {
        throw new CommitFailedException("half done, as told");
      }
    }
    if (struck == RestCatalog.Fault.ANSWER_LOST) {
      throw new IllegalStateException("the answer is lost, as told");
    }
  }

  /** The next transaction fails so. */
  void fail(RestCatalog.Fault with) {
    fault.set(with);
  }

  /** How many transactions over several tables were asked for. */
  int transactions() {
    return transactions.get();
  }

  private Runnable planned(UpdateTableRequest change) {
    TableOperations table =
        ((HasTableOperations) tables.loadTable(change.identifier())).operations();
    TableMetadata base = table.current();
    change.requirements().forEach(requirement -> requirement.validate(base));
    TableMetadata.Builder builder = TableMetadata.buildFrom(base);
    change.updates().forEach(update -> update.applyTo(builder));
    TableMetadata updated = builder.build();
    return () -> table.commit(base, updated);
  }

  private static Answer refused(RuntimeException failure) {
    int status =
        switch (failure) {
          case NoSuchTableException e -> 404;
          case NoSuchNamespaceException e -> 404;
          case AlreadyExistsException e -> 409;
          case CommitFailedException e -> 409;
          case IllegalArgumentException e -> 400;
          case UnsupportedOperationException e -> 406;
          default -> 500;
        };
    ErrorResponse response =
        ErrorResponse.builder()
            .responseCode(status)
            .withType(failure.getClass().getSimpleName())
            .withMessage(String.valueOf(failure.getMessage()))
            .build();
    return new Answer(status, ErrorResponseParser.toJson(response));
  }

  /** As the client of the same protocol writes and reads. */
  private static ObjectMapper json() {
    ObjectMapper json = new ObjectMapper();
    json.setVisibility(PropertyAccessor.FIELD, JsonAutoDetect.Visibility.ANY);
    json.configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
    json.setPropertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE);
    RESTSerializers.registerAll(json);
    return json;
  }
}
