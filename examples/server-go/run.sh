#!/bin/sh
# Builds the server when its sources have changed, and becomes it: PORT=8080 DATA_DIR=data ./run.sh
# With --build it only builds.
set -e
here=$(cd "$(dirname "$0")" && pwd)
# Debian keeps the sources of its Go packages in /usr/share/gocode, and nothing is fetched from the network.
export GOPATH=/usr/share/gocode GO111MODULE=off GOFLAGS=
mkdir -p "$here/build"
# Several copies may be started at the same time: one builds, the others wait for it.
(
  flock 9
  if [ ! -x "$here/build/server" ] || [ -n "$(find "$here" -name '*.go' -newer "$here/build/server")" ]; then
    cd "$here" && go build -o build/server .
  fi
) 9>"$here/build/lock"
[ "$1" = --build ] && exit
exec "$here/build/server"
