package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A reference system of coordinates.
 *
 * @param crs as Iceberg's types name it: {@code OGC:CRS84}, {@code EPSG:3857}
 * @param srid its number in the source
 */
record ReferenceSystem(String crs, int srid) {
  /** Longitude and latitude in degrees, in this order (WGS 84): Iceberg's default. */
  static final ReferenceSystem CRS84 = new ReferenceSystem("OGC:CRS84", 4326);

  private static final Pattern NUMBERED = Pattern.compile("(?:EPSG|srid):([1-9][0-9]{0,8})");

  ReferenceSystem {
    requireNonNull(crs, "crs is null");
  }

  /** Empty for one whose number its name does not tell. */
  static Optional<ReferenceSystem> parse(String crs) {
    if (crs.equals(CRS84.crs)) {
      return Optional.of(CRS84);
    }
    Matcher numbered = NUMBERED.matcher(crs);
    return numbered.matches()
        ? Optional.of(new ReferenceSystem(crs, Integer.parseInt(numbered.group(1))))
        : Optional.empty();
  }
}
