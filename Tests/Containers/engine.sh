# Which container engine there is, and how it has to be called. Sets `engine` to podman or docker.

# find_engine FOLDER: the first of podman and docker that answers; FOLDER takes podman's configuration.
find_engine() {
    if command -v podman >/dev/null; then
        configure_podman "$1"
        if podman info >"$1/podman-info.log" 2>&1; then
            engine=podman
            return
        fi
    fi
    if command -v docker >/dev/null && docker info >"$1/docker-info.log" 2>&1; then
        engine=docker
        return
    fi
    skip "neither podman nor docker answers on this machine"
}

# A configuration of podman's own, beside that of the machine: containers use the network of the host, and limits that
# a process without CAP_SYS_RESOURCE may set. crun, podman's default, cannot start containers on cgroups v1 without
# systemd; runc can.
configure_podman() {
    local runtime=""
    if [ ! -e /sys/fs/cgroup/cgroup.controllers ] && command -v runc >/dev/null; then
        runtime='runtime = "runc"'
    fi
    cat >"$1/containers.conf" <<END
[containers]
netns = "host"
default_ulimits = ["nofile=$(limit -n 1048576)", "nproc=$(limit -u 4096)"]
log_driver = "k8s-file"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
$runtime
END
    export CONTAINERS_CONF="$1/containers.conf"
}

# limit OPTION MOST: the hard limit of this process, at most MOST, as soft:hard.
limit() {
    local most
    most=$(ulimit -H "$1")
    if [ "$most" = unlimited ] || [ "$most" -gt "$2" ]; then most=$2; fi
    printf '%s:%s' "$most" "$most"
}
