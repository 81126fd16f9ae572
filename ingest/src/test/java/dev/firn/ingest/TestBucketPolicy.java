package dev.firn.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.testing.S3AccessLog.Request;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The means by which S3RolesIT judges. */
class TestBucketPolicy {
  private static BucketPolicy policy(String... statements) throws JsonProcessingException {
    String document = "{\"Statement\": [%s]}".formatted(String.join(",", statements));
    return BucketPolicy.of(new ObjectMapper().readTree(document));
  }

  private static String statement(String effect, String action, String resource) {
    return """
    {"Effect": "%s", "Action": ["%s"], "Resource": ["arn:aws:s3:::%s"]}\
    """
        .formatted(effect, action, resource);
  }

  @Test
  void wildcardsSpanFolders() throws JsonProcessingException {
    BucketPolicy policy = policy(statement("Allow", "s3:Get*", "b/*_log/?"));
    assertThat(policy.allows(S3Call.on("s3:GetObject", "b/x/y_log/z"))).isTrue();
    assertThat(policy.allows(S3Call.on("s3:GetObject", "b/x/y_log/zz"))).isFalse();
    assertThat(policy.allows(S3Call.on("s3:GetObject", "b/x/y.log/z"))).isFalse();
    assertThat(policy.allows(S3Call.on("s3:PutObject", "b/x/y_log/z"))).isFalse();
  }

  @Test
  void aDenyWinsOverAnAllow() throws JsonProcessingException {
    BucketPolicy policy =
        policy(statement("Allow", "*", "b/*"), statement("Deny", "s3:PutObject", "b/a/*"));
    assertThat(policy.allows(S3Call.on("s3:PutObject", "b/c"))).isTrue();
    assertThat(policy.allows(S3Call.on("s3:PutObject", "b/a/c"))).isFalse();
    assertThat(policy.allows(S3Call.on("s3:GetObject", "b/a/c"))).isTrue();
  }

  @Test
  void whatIsNotUnderstoodIsRefused() {
    assertThatThrownBy(() -> policy("{\"Effect\": \"Allow\", \"NotAction\": [\"s3:*\"]}"))
        .hasMessageContaining("NotAction");
  }

  @Test
  void requestsBecomeActions() {
    assertThat(S3Call.of(new Request("HEAD", "/b/k", Map.of(), "")))
        .containsExactly(S3Call.on("s3:GetObject", "b/k"));
    assertThat(S3Call.of(new Request("POST", "/b/k", Map.of("uploads", ""), "")))
        .containsExactly(S3Call.on("s3:PutObject", "b/k"));
    assertThat(S3Call.of(new Request("DELETE", "/b/k", Map.of("uploadId", "1"), "")))
        .containsExactly(S3Call.on("s3:AbortMultipartUpload", "b/k"));
    assertThat(
            S3Call.of(
                new Request(
                    "POST",
                    "/b",
                    Map.of("delete", ""),
                    "<Object><Key>x/1</Key></Object><Object><Key>2</Key></Object>")))
        .containsExactly(
            S3Call.on("s3:DeleteObject", "b/x/1"), S3Call.on("s3:DeleteObject", "b/2"));
    assertThat(S3Call.of(new Request("GET", "/b", Map.of("list-type", "2", "prefix", "a/"), "")))
        .containsExactly(new S3Call("s3:ListBucket", "arn:aws:s3:::b", Optional.of("a/")));
  }
}
