#!/usr/bin/env bash
# MongoDB, of one version, from its makers' repository. Its key is known by its fingerprint, which
# stands here: whoever holds the repository, or its name, cannot put another one in its place.
set -euo pipefail
version=8.0.32
fingerprint=4B0752C1BCA238C0B4EE14DC41DE058A4E7DCA05

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
curl --fail --silent --show-error --proto '=https' --tlsv1.2 --retry 5 \
  --output "$work/key" "https://pgp.mongodb.com/server-${version%.*}.asc"
# One primary key, and that one; what it has of subkeys it vouches for itself.
mapfile -t found < <(gpg --batch --show-keys --with-colons "$work/key" \
  | awk -F: '$1 == "pub" { key = 1 } $1 == "fpr" && key { print $10; key = 0 }')
if [ "${found[*]}" != "$fingerprint" ]; then
  echo "the key of MongoDB's packages is not the one that is known: ${found[*]}" >&2
  exit 1
fi
install -m 0644 "$work/key" /etc/pki/rpm-gpg/mongodb-org
cat >/etc/yum.repos.d/mongodb-org.repo <<END
[mongodb-org]
name=MongoDB ${version%.*}
baseurl=https://repo.mongodb.org/yum/amazon/2023/mongodb-org/${version%.*}/\$basearch/
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/mongodb-org
enabled=1
END
# The package asks for a data folder of its own making; ours is mounted over it.
dnf --assumeyes --quiet install "mongodb-org-server-$version" xfsprogs
# Its members have no way out to it, and an update is a new image.
rm /etc/yum.repos.d/mongodb-org.repo
