# Installs the Debian package on a bare system, starts the server, and removes the package again.
# usage: check.sh PACKAGE   (as root; `cargo xtask fresh package` runs it)
set -eux
package=$1
export FOOTBRIDGE_LISTEN="${FOOTBRIDGE_LISTEN:-127.0.0.1:4400}"
export FOOTBRIDGE_SERVER="http://$FOOTBRIDGE_LISTEN"

DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes -o Dpkg::Use-Pty=0 --no-install-recommends "$package" curl
footbridge --version
getent passwd footbridge
test "$(stat -c %U:%G:%a /etc/footbridge/footbridge.toml)" = root:footbridge:640
footbridge config check /etc/footbridge/footbridge.toml
dpkg --listfiles footbridge
test -s /usr/share/bash-completion/completions/footbridge
test -s /usr/share/zsh/vendor-completions/_footbridge
test -s /usr/share/fish/vendor_completions.d/footbridge.fish

# There is no systemd in the bare system, so these commands do what the unit would do.
unit=$(dpkg --listfiles footbridge | grep 'footbridge.service$')
grep -q '^StateDirectory=footbridge$' "$unit"
install -d -o footbridge -g footbridge -m 0750 /var/lib/footbridge
start=$(sed -n 's/^ExecStart=//p' "$unit")
cd /var/lib/footbridge
setpriv --reuid footbridge --regid footbridge --clear-groups --no-new-privs $start &
server=$!
for _ in $(seq 100); do
    if curl --silent --fail "$FOOTBRIDGE_SERVER/readyz"; then break; fi
    sleep 0.1
done
curl --silent --fail "$FOOTBRIDGE_SERVER/readyz"
test "$(stat -c %U:%a footbridge.db.admin-token)" = footbridge:600
(
    set +x
    FOOTBRIDGE_ADMIN_TOKEN=$(cat footbridge.db.admin-token) footbridge app list
)
kill "$server"
wait "$server"

cd /
apt-get purge -qq --yes -o Dpkg::Use-Pty=0 footbridge
test ! -e /usr/bin/footbridge
test ! -e /etc/footbridge
test -e /var/lib/footbridge/footbridge.db
