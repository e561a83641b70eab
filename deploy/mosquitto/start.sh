#!/bin/sh
# Runs in the broker's container: makes up the logins at the first start, hashes them, then becomes the broker. To change
# one, delete its file and restart: docker compose exec mosquitto rm /mosquitto/data/login/homeassistant
set -eu
umask 077
login=/mosquitto/data/login
mkdir -p "$login"
for user in broute2mqtt homeassistant; do
  [ -s "$login/$user" ] && continue
  od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$login/$user.new"
  # The bridge is another user, in a container of its own, and sees this volume read-only.
  [ "$user" = homeassistant ] || chmod 644 "$login/$user.new"
  mv "$login/$user.new" "$login/$user"
done
chmod 755 "$login"
for user in broute2mqtt homeassistant; do
  printf '%s:%s\n' "$user" "$(cat "$login/$user")"
done >/tmp/passwords
mosquitto_passwd -U /tmp/passwords
cat /mosquitto/config/acl >/tmp/acl
exec mosquitto -c /mosquitto/config/mosquitto.conf
