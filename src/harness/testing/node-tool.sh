#!/bin/sh
# Does what docker or systemctl would do, for tests only: node-tool.sh VERB NODE. The nodes run on by themselves.
# TOOL_DIR: a folder. TOOL_NODE: the command of a node; it finds its number in NODE and its folder in DATA_DIR.
set -eu
verb=$1
NODE=$2
DATA_DIR=$TOOL_DIR/data-$NODE
export NODE DATA_DIR
pid_file=$TOOL_DIR/$NODE.pid

start() {
  mkdir -p "$DATA_DIR"
  setsid sh -c "echo \$\$ > '$pid_file'; exec $TOOL_NODE" > "$TOOL_DIR/$NODE.log" 2>&1 &
}

# SIGNAL to the node; waits until it has ended where it shall end.
send() {
  pid=$(cat "$pid_file")
  kill -s "$1" -- "-$pid"
  if [ "${2:-}" = ends ]; then
    while kill -s 0 -- "-$pid" 2> /dev/null; do sleep 0.02; done
  fi
}

echo "$verb $NODE" >> "$TOOL_DIR/calls"
case $verb in
  start) start ;;
  replace)
    rm -rf "$DATA_DIR"
    start
    ;;
  stop) send TERM ends ;;
  kill) send KILL ends ;;
  freeze) send STOP ;;
  thaw) send CONT ;;
  cut | heal) echo "no network of node $NODE" >&2 && exit 4 ;;
esac
