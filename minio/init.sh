#!/bin/sh
# Makes the bucket, its lifecycle, the policies and the users; run again, it brings them to what stands here.
# Wants: MINIO_ENDPOINT, MINIO_ROOT_USER, MINIO_ROOT_PASSWORD and a secret per user.
set -eu

bucket=lake
here=$(CDPATH='' cd "$(dirname "$0")" && pwd)

# user NAME SECRET: each user has the policy of the same name.
user() {
  mc admin policy create store "$1" "$here/policies/$1.json"
  mc admin user add store "$1" "$2"
  # Attaching what is attached is an error. No grep: the image has none.
  case $(mc admin user info store "$1" --json) in
    *"\"policyName\":\"$1\""* | *"\"policyName\": \"$1\""*) ;;
    *) mc admin policy attach store "$1" --user "$1" ;;
  esac
}

mc alias set store "$MINIO_ENDPOINT" "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" >/dev/null
mc mb --ignore-existing "store/$bucket"
mc version enable "store/$bucket"
# In place of all rules that there are: adding one would add it again each time.
mc ilm import "store/$bucket" <"$here/lifecycle.json"
user firn-writer "$S3_FIRN_WRITER_SECRET"
user analyst "$S3_ANALYST_SECRET"
user auditor "$S3_AUDITOR_SECRET"
