#!/bin/sh
# Docker, in one command: finds the stick for docker-compose.yml, asks the rest in the container (broute2mqtt setup), starts.
# Run it again when the stick changed; what is set up stays.
set -eu
cd "$(dirname "$0")/../.."
compose=${COMPOSE:-docker compose}

$compose version >/dev/null 2>&1 || {
  echo "Docker（Compose 2）が見つかりません。インストールしてから、もう一度実行してください。 / Docker with Compose 2 is missing: install it, then run this again." >&2
  exit 69
}

# What .env names stays while it is there. Else a known stick (src/wire/known-sticks.ts; a test holds both together), then one that says nothing of itself.
named=$(sed -n 's/^BROUTE2MQTT_STICK=//p' .env 2>/dev/null | tail -n 1)
known='' other='' seen=''
for port in /dev/serial/by-id/* /dev/ttyUSB* /dev/ttyACM*; do
  [ -e "$port" ] || continue
  device=$(readlink -f "$port")
  case "$seen " in *" $device "*) continue ;; esac # by its other name
  seen="$seen $device"
  case $(echo "$port" | tr '[:upper:]' '[:lower:]') in
  *j11* | *ratoc* | *rs-wsuha* | *tessera* | *rl7023* | *rohm* | *bp35[ac]* | *jorjin* | *wsr35a1* | *udg-1-wsne* | *wi-sun* | *wisun* | *ft23[0-9]x*)
    known=${known:-$port} ;;
  *zig*bee* | *z*wave* | *thread* | *matter* | *conbee* | *raspbee* | *dresden* | *sonoff* | *itead* | *sky*connect* | *zbt-* | *nabu* | *slzb* | *cc2[56]* | *efr32* | *aeotec* | *hubz* | *arduino* | *3d*print* | *gps* | *u-blox*) ;;
  *) other=${other:-$port} ;;
  esac
done
stick=${known:-$other}
if [ -n "$named" ] && [ -e "$named" ]; then stick=$named; fi
if [ -z "$stick" ]; then
  echo "Wi-SUNスティックが見つかりません。挿してから、もう一度実行してください。 / No Wi-SUN stick found: plug it in, then run this again." >&2
  exit 69
fi
echo "スティック / stick: $stick （別のもの / another one: BROUTE2MQTT_STICK in .env）"
[ -e .env ] || cp .env.example .env
put() { # NAME VALUE
  grep -q "^#*$1=" .env || printf '\n%s=\n' "$1" >>.env
  sed -i "s|^#*$1=.*|$1=$2|" .env
}
put BROUTE2MQTT_STICK "$stick"
put DIALOUT_GID "$(stat -Lc %g "$stick")"

$compose build broute2mqtt
$compose up -d mosquitto
is_ready() { said=$($compose run --rm -T broute2mqtt config check 2>&1 </dev/null); }
if ! is_ready; then
  $compose run --rm broute2mqtt setup --no-run || true # its own words say why
  is_ready || {
    echo "$said" >&2
    echo "設定が終わっていないため、開始しません。もう一度実行してください。 / Not set up, so nothing is started: run this again." >&2
    exit 78
  }
fi
$compose up -d
echo "動いています。経過を見る / It runs. To watch it: $compose logs -f broute2mqtt"
