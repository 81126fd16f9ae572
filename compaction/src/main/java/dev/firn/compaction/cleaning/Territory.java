package dev.firn.compaction.cleaning;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** The places in which a file can only belong to one table: nothing elsewhere is ever deleted. */
final class Territory {
  /** By the text that the table has for it. */
  private final Map<String, Location> roots = new LinkedHashMap<>();

  private final List<String> foreign = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private Territory() {}

  /**
   * @param others tables that may lie in its folders, or these in theirs; the table itself may be
   *     among them
   */
  static Territory of(TableFolders own, Collection<TableFolders> others) {
    Territory territory = new Territory();
    Map<String, String> foreign = new TreeMap<>();
    for (TableFolders other : others) {
      if (!other.table().equals(own.table())) {
        other.folders().forEach(folder -> foreign.put(Location.identity(folder), other.table()));
      }
    }
    new TreeSet<>(own.folders()).forEach(folder -> territory.add(folder, foreign));
    return territory;
  }

  private void add(String folder, Map<String, String> others) {
    Optional<Location> location = Location.of(folder);
    if (location.isEmpty() || location.orElseThrow().isRoot()) {
      notes.add("left alone: its folder '%s' is a root, or no absolute path".formatted(folder));
      return;
    }
    String identity = Location.identity(folder);
    for (Map.Entry<String, String> other : others.entrySet()) {
      if (Location.mayCover(other.getKey(), identity)) {
        notes.add(
            "left alone: its folder %s lies in a folder of %s".formatted(folder, other.getValue()));
        return;
      }
      if (Location.mayCover(identity, other.getKey())) {
        notes.add("left alone: %s, in which %s lies".formatted(other.getKey(), other.getValue()));
        foreign.add(other.getKey());
      }
    }
    roots.put(folder, location.orElseThrow());
  }

  /** Why parts of it are left out. */
  List<String> notes() {
    return List.copyOf(notes);
  }

  /** The folders to list: none lies in another. */
  List<String> roots() {
    return roots.entrySet().stream()
        .filter(root -> roots.values().stream().noneMatch(other -> other.contains(root.getValue())))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Whether it is owned, and below one of the folders nothing on its way is hidden. */
  boolean ownsPlainly(String location, HiddenParts hidden) {
    return owns(location)
        && Location.of(location).stream()
            .flatMap(file -> roots.values().stream().flatMap(root -> root.below(file).stream()))
            .anyMatch(path -> !hidden.areIn(path));
  }

  boolean owns(String location) {
    return Location.of(location)
        .filter(file -> roots.values().stream().anyMatch(root -> root.contains(file)))
        .filter(unused -> !isForeign(location))
        .isPresent();
  }

  private boolean isForeign(String location) {
    if (foreign.isEmpty()) {
      return false;
    }
    String identity = Location.identity(location);
    return foreign.stream().anyMatch(folder -> Location.mayCover(folder, identity));
  }
}
