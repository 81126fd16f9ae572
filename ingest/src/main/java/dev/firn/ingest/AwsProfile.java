package dev.firn.ingest;

import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.Map;
import org.apache.iceberg.aws.AwsClientProperties;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;

/** Keys of a named profile of the AWS files ({@code ~/.aws/credentials}, {@code ~/.aws/config}). */
public final class AwsProfile implements AwsCredentialsProvider {
  /** Names the profile. */
  static final String KEY = "client.profile";

  private static final String NAME = "name";

  private final ProfileCredentialsProvider profile;

  private AwsProfile(ProfileCredentialsProvider profile) {
    this.profile = profile;
  }

  /** Made by name: {@code client.credentials-provider}. */
  public static AwsProfile create(Map<String, String> properties) {
    return new AwsProfile(
        ProfileCredentialsProvider.create(requireNonNull(properties.get(NAME), KEY)));
  }

  /** The catalog's properties, by which Iceberg asks this class where a profile is set. */
  static Map<String, String> in(Map<String, String> catalog) {
    Map<String, String> with = new HashMap<>(catalog);
    String name = with.remove(KEY);
    if (name != null) {
      with.put(AwsClientProperties.CLIENT_CREDENTIALS_PROVIDER, AwsProfile.class.getName());
      with.put(AwsClientProperties.CLIENT_CREDENTIALS_PROVIDER + "." + NAME, name);
    }
    return with;
  }

  @Override
  public AwsCredentials resolveCredentials() {
    return profile.resolveCredentials();
  }
}
