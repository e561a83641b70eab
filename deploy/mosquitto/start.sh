#!/bin/sh
# Runs in the broker's container: hashes the secrets into the password file, then becomes the broker.
# A changed secret therefore needs no more than `docker compose restart mosquitto`.
set -eu
umask 077
{
  printf 'broute2mqtt:%s\n' "$(cat /run/secrets/mqtt_password)"
  printf 'homeassistant:%s\n' "$(cat /run/secrets/homeassistant_password)"
} >/tmp/passwords
mosquitto_passwd -U /tmp/passwords
cat /mosquitto/config/acl >/tmp/acl
exec mosquitto -c /mosquitto/config/mosquitto.conf
