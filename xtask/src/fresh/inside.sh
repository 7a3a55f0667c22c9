# Runs a command in a bare root, within a mount and a process namespace of its own: whatever happens here, its mounts
# and its processes end with it.
# usage: inside.sh ROOT TOOLCHAIN CERTIFICATES CARGO_CONFIG NPMRC FOLDER COMMAND...  (an empty word: there is none)
set -eu
root=$1 toolchain=$2 certificates=$3 cargo_config=$4 npmrc=$5 folder=$6
shift 6

# So that `/` is a mount point in there, as it is on every system.
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"

# The machine's own, and never to be written: they are shown, not copied.
show() {
    if [ -z "$1" ]; then return; fi
    mkdir -p "$(dirname "$root$2")"
    if [ -d "$1" ]; then mkdir -p "$root$2"; else touch "$root$2"; fi
    mount --bind "$1" "$root$2"
    mount -o remount,bind,ro "$root$2"
}
show "$toolchain" /opt/rust
show "$certificates" /etc/ssl/machine.crt
show "$cargo_config" /root/.cargo/config.toml
show "$npmrc" /root/.npmrc

# Not `exec`: this shell is process 1 in there, and waits for whoever has lost its parent.
chroot "$root" sh -c 'cd "$1" && shift && exec "$@"' sh "$folder" "$@"
