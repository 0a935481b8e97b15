# own_apt: an apt with a state of its own, for scripts that source this file. It takes the mirrors of
# the machine's apt; neither dpkg nor apt there learns of what it does, and nobody needs to be root.
# shellcheck shell=sh

# own_apt_open WORK ARCH: it keeps all that it has below WORK and believes that nothing is installed.
own_apt_open() {
  for command in apt-get dpkg-deb; do
    command -v $command >/dev/null || die "needs $command: only Debian and its like have it"
  done
  own_work=$1 own_arch=$2
  mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial"
  : >"$1/state/status"
}

own_apt() {
  apt-get -q -y --no-install-recommends -o APT::Architecture="$own_arch" \
    -o APT::Architectures="$own_arch" -o Dir::State="$own_work/state" \
    -o Dir::State::status="$own_work/state/status" -o Dir::Cache="$own_work/cache" \
    -o APT::Sandbox::User="$(id -un)" -o APT::Update::Error-Mode=any "$@" >"$own_work/log" 2>&1 || {
    cat "$own_work/log" >&2
    die "apt-get failed for $own_arch (above); nothing was changed"
  }
}
