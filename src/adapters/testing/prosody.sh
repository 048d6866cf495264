#!/bin/sh
# Prosody of Debian with a configuration of its own, on loopback: PORT for its clients, DATA_DIR for all that it writes.
# Anybody is let in with any password. Arguments are further lines of its configuration.
set -e
cat >"$DATA_DIR/prosody.cfg.lua" <<END
run_as_root = true
data_path = "$DATA_DIR"
pidfile = "$DATA_DIR/pid"
certificates = "$DATA_DIR"
log = { [os.getenv("LEVEL") or "warn"] = "*console" }
interfaces = { "127.0.0.1" }
c2s_ports = { $PORT }
modules_enabled = { "saslauth", "roster", "disco", "smacks", "ping" }
modules_disabled = { "s2s", "tls" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
END
for line in "$@"; do echo "$line" >>"$DATA_DIR/prosody.cfg.lua"; done
echo 'VirtualHost "localhost"' >>"$DATA_DIR/prosody.cfg.lua"
exec prosody --config "$DATA_DIR/prosody.cfg.lua" -F
