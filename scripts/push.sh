#!/bin/sh
# Pushes an image to ECR, as make push does: push.sh IMAGE REGISTRY [TAG]. Wants AWS CLI v2 and docker.
set -eu
image=$1 registry=$2 tag=${3:-}
region=$(printf '%s' "$registry" | sed -n 's/^[0-9]\{12\}\.dkr\.ecr\.\([a-z0-9-]*\)\.amazonaws\.com$/\1/p')
if [ -z "$region" ]; then
    echo "Say where to: make push REGISTRY=111122223333.dkr.ecr.eu-central-1.amazonaws.com" >&2
    exit 2
fi
[ -n "$tag" ] || tag=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$(dirname "$0")/../src/shop/__init__.py")

aws ecr get-login-password --region "$region" |
    docker login --username AWS --password-stdin "$registry"
docker tag "$image" "$registry/shop:$tag"
docker push "$registry/shop:$tag"
echo "Now put newTag: $tag into k8s/overlays/eks/kustomization.yaml"
