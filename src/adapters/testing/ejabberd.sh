#!/bin/sh
# ejabberd of Debian with a configuration of its own, on loopback: PORT for its clients, DATA_DIR for all that it writes.
# Anybody is let in with any password. Nothing is left behind: its node is alone, so it needs no epmd. Debian's
# limits are lifted: 3,000 bytes per second, and 100 messages that wait for a user.
set -e
export HOME="$DATA_DIR" EJABBERD_CONFIG_PATH="$DATA_DIR/ejabberd.yml" EJABBERD_LOG_PATH="$DATA_DIR/ejabberd.log"
# The protocol of its helper: two bytes of length and a question; the answer is "yes" to each.
cat >"$DATA_DIR/let-in.pl" <<'END'
binmode STDIN; binmode STDOUT; $| = 1;
while (read(STDIN, my $length, 2) == 2) { read(STDIN, my $question, unpack("n", $length)); print pack("nn", 2, 1); }
END
cat >"$EJABBERD_CONFIG_PATH" <<END
loglevel: error
hosts: [localhost]
auth_method: external
extauth_program: "/usr/bin/perl $DATA_DIR/let-in.pl"
extauth_pool_size: 1
disable_sasl_mechanisms: ["digest-md5", "X-OAUTH2"]
shaper_rules:
  max_user_sessions: 10
  max_user_offline_messages: infinity
  c2s_shaper: none
listen:
  - {port: $PORT, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, shaper: c2s_shaper}
modules:
  mod_disco: {}
  mod_offline: {access_max_user_messages: max_user_offline_messages}
  mod_ping: {}
  mod_roster: {}
  mod_stream_mgmt: {resend_on_timeout: if_offline}
END
EBIN=$(dirname "$(dpkg -L ejabberd | grep '/ebin/ejabberd.app$')")
exec erl -noinput -pa "$EBIN" -mnesia dir "\"$DATA_DIR/mnesia\"" -s ejabberd </dev/null
