# shellcheck shell=bash
# Sourced by the scripts here: `describe VERSION` says where that Home Assistant lives and which Debian has its Python.
# shellcheck disable=SC2034
describe() {
  version=$1
  home=${XDG_CACHE_HOME:-$HOME/.cache}/broute2mqtt-test/ha-$version
  root=$home/root
  hass=/opt/hass
  case $version in
    2025.4.4) suite=trixie script=trixie ;; # Python 3.13
    2026.11.0) suite=forky script=sid ;;    # Python 3.14; the debootstrap of Debian 12 does not know forky
    *) echo "no such Home Assistant here: $version" >&2; return 64 ;;
  esac
}
