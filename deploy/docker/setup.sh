#!/bin/sh
# Prepares docker-compose.yml on a fresh clone: asks for the Route-B ID and password, makes up the broker's passwords and the page's token,
# writes .env with the stick it finds. What is there already is kept, so it can be run again.
set -eu
cd "$(dirname "$0")/../.."
secrets=deploy/docker/secrets
# The directory keeps other users of this machine out; the containers' users must be able to read the files in it.
chmod 700 "$secrets"

keep() { # keep NAME VALUE
  printf '%s' "$2" >"$secrets/$1"
  chmod 644 "$secrets/$1"
}
ask() { # ask NAME QUESTION PATTERN
  [ ! -s "$secrets/$1" ] || return 0
  printf '%s ' "$2"
  read -r answer
  answer=$(printf '%s' "$answer" | tr -d '[:space:]')
  printf '%s' "$answer" | grep -Eq "^$3\$" || {
    echo "This does not look right; nothing was saved. Please run $0 again." >&2
    exit 64
  }
  keep "$1" "$answer"
}
invent() { # invent NAME
  [ -s "$secrets/$1" ] || keep "$1" "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
}

ask route_b_id 'Route-B ID / Bルート認証ID (32):' '[0-9A-Fa-f]{32}'
ask route_b_password 'Route-B password / パスワード (12):' '[0-9A-Za-z]{12}'
invent mqtt_password
invent homeassistant_password
invent http_token

if [ ! -e .env ]; then
  cp .env.example .env
  gid=$(getent group dialout | cut -d: -f3 || true)
  [ -z "$gid" ] || sed -i "s|^#*DIALOUT_GID=.*|DIALOUT_GID=$gid|" .env
  for stick in /dev/serial/by-id/* /dev/ttyUSB* /dev/ttyACM*; do
    [ -e "$stick" ] || continue
    sed -i "s|^#*BROUTE2MQTT_STICK=.*|BROUTE2MQTT_STICK=$stick|" .env
    echo "Stick: $stick (another one? correct BROUTE2MQTT_STICK in .env)"
    break
  done
fi
echo "Ready: docker compose up -d"
echo "Home Assistant's login at the broker: homeassistant, password in $secrets/homeassistant_password"
echo "Status page: http://127.0.0.1:8080/?token=$(cat "$secrets/http_token") (the token is in $secrets/http_token)"
