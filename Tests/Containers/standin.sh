# Stand-ins for the images that the Dockerfile starts from, for machines that reach no registry of images but have
# podman, debootstrap and a package mirror. They carry names of their own: the machine's store never holds a false
# `debian`. The Dockerfile is built unchanged; its arguments BUILD_IMAGE and RUN_IMAGE name these.
#
#   base    what debootstrap makes of the machine's own package mirror        for debian:bookworm-slim
#   redis   base with redis-server, run by the user redis                     for redis:7-bookworm
#   build   base with what Swift links against; the toolchain is mounted      for swift:6.3-bookworm

readonly stand_in=localhost/spate-stand-in

# Ends the script with the reason when stand-ins cannot be made here.
require_stand_ins() {
    [ "$engine" = podman ] || skip "no registry of images answers $engine, and stand-ins need podman"
    [ "$(id -u)" = 0 ] || skip "no registry of images answers, and debootstrap needs root to make stand-ins"
    command -v debootstrap >/dev/null || skip "no registry of images answers, and there is no debootstrap to make stand-ins"
    toolchain=$(swift_toolchain) || skip "no registry of images answers, and there is no Swift toolchain on PATH to mount"
    mirror=$(package_mirror)
    [ -n "$mirror" ] || skip "no registry of images answers, and apt on this machine knows no mirror of bookworm"
}

# The folder that holds usr/bin/swift.
swift_toolchain() {
    local swift
    swift=$(command -v swift) && swift=$(readlink -f "$swift") && [ -x "${swift%/*}/swift-build" ] || return 1
    (cd "${swift%/*}/../.." && pwd)
}

# The mirror that apt on this machine uses for bookworm.
package_mirror() {
    apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' 2>/dev/null \
        | sed -n 1p
}

make_base() {
    local name="$stand_in/base" tar="$folder/bookworm.tar" root
    podman image exists "$name" && return
    if [ ! -f "$tar" ]; then
        say "debootstrap makes a Debian base (about 3 minutes)"
        root=$(mktemp -d "$folder/bookworm.XXXXXX")
        chmod 755 "$root" # the root folder of the image; other users must get through it
        run_logged debootstrap debootstrap --variant=minbase bookworm "$root" "$mirror"
        rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
        tar -C "$root" -cf "$tar.part" . && mv "$tar.part" "$tar"
        rm -rf "$root"
    fi
    run_logged import podman import --change 'CMD ["bash"]' "$tar" "$name"
}

# make_from_base NAME: the packages, and what follows them, on standard input, on top of the base. Instant while nothing
# of it changes.
make_from_base() {
    { printf 'FROM %s/base\nRUN apt-get update && apt-get install -y --no-install-recommends ' "$stand_in" && cat; } \
        >"$folder/$1.containerfile"
    run_logged "$1" podman build --tag "$stand_in/$1" --file "$folder/$1.containerfile" "$folder/empty"
}

make_stand_ins() {
    mkdir -p "$folder/empty"
    make_base
    make_from_base redis <<'END'
redis-server && rm -rf /var/lib/apt/lists/* && install -d -o redis -g redis /data
USER redis
WORKDIR /data
END
    make_from_base build <<'END'
ca-certificates git gcc libc6-dev libstdc++-12-dev libcurl4 libedit2 libncurses6 libpython3.11 libsqlite3-0 libxml2 libz3-4 tzdata && rm -rf /var/lib/apt/lists/*
ENV PATH=/toolchain/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
END
    stand_in_mounts
}

# What the machine's own configuration of git and pip says about where packages come from, for the steps that fetch
# them: `fetch_mounts` for pip, `build_mounts` for Swift's package manager.
stand_in_mounts() {
    local key base certificates mounted=" "
    build_mounts=(--volume "$toolchain:/toolchain:ro" --volume "$folder/gitconfig:/etc/gitconfig:ro")
    : >"$folder/gitconfig"
    git config --file "$folder/gitconfig" safe.directory '*'
    while read -r key base; do
        git config --file "$folder/gitconfig" --add "$key" "$base"
        key=${key#url.}
        key=${key%.insteadof}
        key=${key%/}
        if [ -d "$key" ] && [[ $mounted != *" $key "* ]]; then
            build_mounts+=(--volume "$key:$key:ro")
            mounted+="$key "
        fi
    done < <(git config --get-regexp '^url\..*\.insteadof$' | awk '!seen[$0]++')

    fetch_mounts=(--volume "$folder/pip.conf:/etc/pip.conf:ro")
    printf '[global]\n' >"$folder/pip.conf"
    for key in index-url extra-index-url trusted-host; do
        base=$(python3 -m pip config get "global.$key" 2>/dev/null) && printf '%s = %s\n' "$key" "$base" >>"$folder/pip.conf"
    done
    certificates=${PIP_CERT:-$(python3 -m pip config get global.cert 2>/dev/null || true)}
    if [ -f "$certificates" ]; then
        fetch_mounts+=(--volume "$certificates:/etc/pip-certificates.crt:ro")
        printf 'cert = /etc/pip-certificates.crt\n' >>"$folder/pip.conf"
    fi
}
