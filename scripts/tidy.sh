#!/usr/bin/env bash
# What a repository should not hold: big or binary files, work marks, secrets.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
bad=0
found() {
    complain "$1"
    printf '%s\n' "$2" | sed 's/^/    /' >&2
    bad=1
}

big=$(git ls-files -z | xargs -0 du -k 2>/dev/null | awk '$1 > 512')
[ -z "$big" ] || found "Files of more than 512 kB:" "$big"

marks=$(git grep -nIE '\b(TODO|FIXME|XXX|HACK)\b' -- ':!scripts/tidy.sh' ':!*.lock' ':!*package-lock.json' || true)
[ -z "$marks" ] || found "Unfinished work:" "$marks"

secrets=$(git grep -lIE -e '-----BEGIN ([A-Z]+ )?PRIVATE KEY-----' -- ':!scripts/tidy.sh' || true)
[ -z "$secrets" ] || found "Private keys:" "$secrets"

long=$(git ls-files '*.rs' '*.ts' '*.tsx' ':!*.gen.ts' | xargs wc -l | awk '$1 > 600 && $2 != "total"')
[ -z "$long" ] || found "Files of more than 600 lines, which want splitting:" "$long"
exit $bad
