#!/bin/sh
# Docker, in one command: finds the stick for docker-compose.yml, asks the rest in the container (broute2mqtt setup), starts.
# Run it again when the stick changed; what is set up stays.
set -eu
cd "$(dirname "$0")/../.."
compose=${COMPOSE:-docker compose}

stick=
for found in /dev/serial/by-id/* /dev/ttyUSB* /dev/ttyACM*; do
  [ -e "$found" ] || continue
  case $found in *[Zz]igbee* | *[Zz]-[Ww]ave* | *[Cc]on[Bb]ee* | *[Ss]onoff* | *[Ss]ky[Cc]onnect* | *ZBT-*) continue ;; esac
  stick=$found
  break
done
if [ -z "$stick" ]; then
  echo "Wi-SUNスティックが見つかりません。挿してから、もう一度実行してください。 / No Wi-SUN stick found: plug it in, then run this again." >&2
  exit 69
fi
echo "スティック / stick: $stick （別のもの / another one: BROUTE2MQTT_STICK in .env）"
[ -e .env ] || cp .env.example .env
sed -i -e "s|^#*BROUTE2MQTT_STICK=.*|BROUTE2MQTT_STICK=$stick|" \
  -e "s|^#*DIALOUT_GID=.*|DIALOUT_GID=$(stat -Lc %g "$stick")|" .env

$compose build broute2mqtt
$compose up -d mosquitto
$compose run --rm broute2mqtt config check >/dev/null 2>&1 || $compose run --rm broute2mqtt setup --no-run
$compose up -d
