#!/bin/sh
# Prints the images of Containerfile and compose.yaml by the digests that their registries have now, for --env-file:
#   deploy/pin-images.sh > deploy/images.env
#   podman compose --env-file deploy/images.env -f deploy/compose.yaml up -d --build
# Look at what changed before you take it: a tag can be moved to another image, a digest cannot.
set -eu
cd "$(dirname "$0")"
tool=${CONTAINER_TOOL:-$(command -v podman || command -v docker)} || { echo "Install podman or docker." >&2; exit 1; }
for name in PYTHON_IMAGE PROMETHEUS_IMAGE GRAFANA_IMAGE; do
    image=$(sed -n "s/.*\${$name:-\(.*\)}.*/\1/p" compose.yaml)
    "$tool" pull --quiet "$image" > /dev/null
    digest=$("$tool" image inspect --format '{{index .RepoDigests 0}}' "$image")
    case $digest in
        *@sha256:*) echo "$name=$digest" ;;
        *) echo "No digest of $image is known to $tool." >&2; exit 1 ;;
    esac
done
