#!/bin/sh
# Puts JMeter together from Maven Central, for machines that have Maven and a JDK but no JMeter that works:
# Debian's reads no test plan. The program is then FOLDER/bin/jmeter, for the variable JMETER.
set -eu
home=${1:?name a folder}
mkdir -p "$home/lib/ext" "$home/bin"
home=$(cd "$home" && pwd)
mvn -q -B -f "$(dirname "$0")/pom.xml" dependency:copy-dependencies -DoutputDirectory="$home/lib"
mv "$home"/lib/ApacheJMeter_config-*.jar "$home/config.jar"
mv "$home"/lib/ApacheJMeter_*.jar "$home/lib/ext"
mv "$home"/lib/ApacheJMeter-*.jar "$home/bin/ApacheJMeter.jar"
(cd "$home" && jar xf config.jar bin && rm config.jar)
printf '#!/bin/sh\nexec java -Djmeter.home="%s" -jar "%s/bin/ApacheJMeter.jar" "$@"\n' "$home" "$home" > "$home/bin/jmeter"
chmod +x "$home/bin/jmeter"
