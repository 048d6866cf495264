#!/bin/sh
# Builds the server when its sources have changed, and becomes it: PORT=8080 DATA_DIR=data ./run.sh
# With --build it only builds.
set -e
here=$(cd "$(dirname "$0")" && pwd)
build=$here/build
jars=/usr/share/java
classpath=$build/server.jar:$jars/tomcat10-embed-core.jar:$jars/tomcat10-embed-websocket.jar:$jars/tomcat10-embed-el.jar
classpath=$classpath:$jars/jackson-core.jar:$jars/jackson-databind.jar:$jars/jackson-annotations.jar
classpath=$classpath:$jars/jakarta-annotation-api.jar
# For a quick start, which a test kit that kills the server again and again is glad of.
options='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx512m -Xshare:auto -Xlog:cds=off -Xlog:cds+dynamic=off'
mkdir -p "$build"
# Several copies may be started at the same time: one builds, the others wait for it.
(
  flock 9
  if [ ! -e "$build/done" ] || [ -n "$(find "$here" -name '*.java' -newer "$build/done")" ]; then
    javac -Xlint:all,-serial,-path -d "$build/classes" -cp "$classpath" "$here"/*.java
    jar --create --file "$build/server.jar" -C "$build/classes" .
    # A trial start writes down the classes in the form in which they are used, so that later starts are quicker.
    PORT=0 DATA_DIR=$build/trial java $options -XX:ArchiveClassesAtExit="$build/classes.jsa" -cp "$classpath" \
      Main --start-and-stop
    touch "$build/done"
  fi
) 9>"$build/lock"
[ "$1" = --build ] && exit
exec java $options -XX:SharedArchiveFile="$build/classes.jsa" -cp "$classpath" Main
