#!/bin/sh
# RabbitMQ of Debian with a configuration of its own, on loopback: PORT for AMQP (or, with `web-stomp` as the argument, for
# STOMP over WebSocket), DATA_DIR for all that it writes. Nothing is left behind: its epmd is a child, and no daemon.
set -e
# Below all ports that the kit gives to servers, and that systems give to outgoing connections.
BASE=$((3000 + PORT % 2900 * 3))
export HOME="$DATA_DIR" ERL_EPMD_PORT=$((BASE + 1)) ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_NODENAME="im-$PORT@localhost" RABBITMQ_DIST_PORT=$((BASE + 2))
export RABBITMQ_MNESIA_BASE="$DATA_DIR/mnesia" RABBITMQ_LOG_BASE="$DATA_DIR/log" RABBITMQ_LOGS=-
export RABBITMQ_CONF_ENV_FILE="$DATA_DIR/none" RABBITMQ_CONFIG_FILE="$DATA_DIR/rabbitmq.conf"
export RABBITMQ_ENABLED_PLUGINS_FILE="$DATA_DIR/plugins" RABBITMQ_PID_FILE="$DATA_DIR/pid"
# It runs its node in the place of this shell, so that a signal ends what it is meant for.
export RABBITMQ_ALLOW_INPUT=true
AMQP=$PORT
echo '[].' >"$RABBITMQ_ENABLED_PLUGINS_FILE"
if [ "$1" = web-stomp ]; then
  AMQP=$((BASE + 3))
  echo '[rabbitmq_web_stomp].' >"$RABBITMQ_ENABLED_PLUGINS_FILE"
fi
{
  echo "listeners.tcp.1 = 127.0.0.1:$AMQP"
  echo 'log.console.level = error'
  if [ "$1" = web-stomp ]; then
    echo 'stomp.listeners.tcp = none'
    echo 'web_stomp.tcp.ip = 127.0.0.1'
    echo "web_stomp.tcp.port = $PORT"
  fi
} >"$RABBITMQ_CONFIG_FILE"
epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" >/dev/null 2>&1 &
exec /usr/lib/rabbitmq/bin/rabbitmq-server -noinput </dev/null
