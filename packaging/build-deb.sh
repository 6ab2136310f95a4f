#!/usr/bin/env bash
# Builds voxera_<version>_<arch>.deb from a built binary, without root.
#   packaging/build-deb.sh BINARY [OUTPUT_DIRECTORY]
set -euo pipefail
cd "$(dirname "$0")/.."

binary=${1:?the built voxera binary}
out=${2:-dist}
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' pbx-server/Cargo.toml)
arch=$(dpkg --print-architecture)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
chmod 755 "$stage"

put() { install -D -m "$1" "$2" "$stage/$3"; }
put 755 "$binary" usr/bin/voxera
strip --strip-unneeded "$stage/usr/bin/voxera"
put 644 packaging/systemd/voxera.service lib/systemd/system/voxera.service
put 644 packaging/systemd/voxera.sysusers usr/lib/sysusers.d/voxera.conf
put 640 packaging/voxera.toml etc/voxera/voxera.toml
put 644 README.md usr/share/doc/voxera/README.md
put 644 packaging/debian/copyright usr/share/doc/voxera/copyright
printf 'voxera (%s) stable; urgency=medium\n\n  * See the release notes.\n\n -- Voxera maintainers <maintainers@voxera.example>  %s\n' \
    "$version" "$(date -u -R -d "@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}")" |
    gzip -9n > "$stage/usr/share/doc/voxera/changelog.gz"
for script in postinst prerm postrm; do
    install -D -m 755 "packaging/debian/$script" "$stage/DEBIAN/$script"
done
echo /etc/voxera/voxera.toml > "$stage/DEBIAN/conffiles"

# The C libraries that the binary really needs, as Debian names them.
shlibs=$(mkdir -p "$stage/.deps/debian" && cd "$stage/.deps" && : > debian/control &&
    dpkg-shlibdeps -O --ignore-missing-info "$stage/usr/bin/voxera" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
rm -rf "$stage/.deps"
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SHLIBS@/${shlibs:-libc6}/" \
    packaging/debian/control.in > "$stage/DEBIAN/control"
(cd "$stage" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum > DEBIAN/md5sums)

mkdir -p "$out"
dpkg-deb --root-owner-group --build "$stage" "$out/voxera_${version}_${arch}.deb"
