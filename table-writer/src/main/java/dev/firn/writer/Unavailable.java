package dev.firn.writer;

/**
 * Stands in a row for a value that the source did not send because it had not changed (a large
 * value stored out of line); the writer puts the value of the row's last version in its place.
 */
public enum Unavailable {
  VALUE
}
