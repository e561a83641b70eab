# shellcheck shell=bash disable=SC2034
# Sourced by the scripts here. Engine, images and tools of the container tests, apart from any other Podman on the machine.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/broute2mqtt-test
run=/run/broute2mqtt-test
node_image=node:22.21.1-bookworm-slim
mosquitto_image=eclipse-mosquitto:2.0.22

export CONTAINERS_CONF=$cache/containers.conf
export CONTAINERS_STORAGE_CONF=$cache/storage.conf
# No user namespaces inside a test machine, and Docker's format, the only one that keeps HEALTHCHECK.
export BUILDAH_ISOLATION=chroot BUILDAH_FORMAT=docker
export PATH=$cache/tools/bin:$PATH

write_engine_conf() {
  mkdir -p "$cache"
  cat >"$CONTAINERS_CONF" <<CONF
[engine]
runtime = "runc"
events_logger = "file"
cgroup_manager = "cgroupfs"
tmp_dir = "$run/libpod"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[network]
network_backend = "netavark"
network_config_dir = "$cache/networks"
CONF
  cat >"$CONTAINERS_STORAGE_CONF" <<CONF
[storage]
driver = "overlay"
graphroot = "$cache/storage"
runroot = "$run/storage"
CONF
}
