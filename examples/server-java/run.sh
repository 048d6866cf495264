#!/bin/sh
# Compiles the server when its sources have changed, and becomes it: PORT=8080 DATA_DIR=data ./run.sh
set -e
here=$(cd "$(dirname "$0")" && pwd)
jars=/usr/share/java
classpath=$jars/tomcat10-embed-core.jar:$jars/tomcat10-embed-websocket.jar:$jars/tomcat10-embed-el.jar
classpath=$classpath:$jars/jackson-core.jar:$jars/jackson-databind.jar:$jars/jackson-annotations.jar
classpath=$classpath:$jars/jakarta-annotation-api.jar
mkdir -p "$here/build"
# Several copies may be started at the same time: one compiles, the others wait for it.
(
  flock 9
  if [ ! -e "$here/build/done" ] || [ -n "$(find "$here" -name '*.java' -newer "$here/build/done")" ]; then
    javac -Xlint:all,-serial -d "$here/build" -cp "$classpath" "$here"/*.java
    touch "$here/build/done"
  fi
) 9>"$here/build/lock"
# The options make the start quick, which a test kit that kills the server again and again is glad of.
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xmx512m -cp "$here/build:$classpath" Main
