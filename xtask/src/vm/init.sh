#!/bin/busybox sh
# First process of the test machine: traces real exchanges and says on the second serial port, a
# word and its value a line, what happened. The first serial port is the console.

/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up

stty -F /dev/ttyS1 raw
exec 3>/dev/ttyS1
say() { echo "$@" >&3; }
say_file() { sed "s/^/$1 /" "$2" >&3; }
# wait_for SECONDS COMMAND…
wait_for() {
    tries=$(($1 * 5)); shift
    until "$@"; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.2
    done
}
finish() {
    say_file log /tmp/agent.log
    say finished
    sync
    poweroff -f
}

word() { sed -n "s/.*\\b$1=\\([^ ]*\\).*/\\1/p" /proc/cmdline; }
exchanges=$(word exchanges)
streams=$(word streams)
tunnelled=$(word tunnelled)
plain=$(word plain)

say kernel "$(uname -r)"
: >/tmp/agent.log
tracer-agent doctor --format json >/tmp/doctor 2>>/tmp/agent.log
say doctor_status $?
say doctor "$(tr -d '\n' </tmp/doctor)"

bench-server --port 4433 >/tmp/server &
wait_for 10 grep -q listening /tmp/server || { say failed "the server did not start"; finish; }

tracer-agent run --format json >/tmp/calls 2>>/tmp/agent.log &
agent=$!
ready() { ! kill -0 $agent 2>/dev/null || grep -q ready /tmp/calls /tmp/agent.log; }
wait_for 60 ready && kill -0 $agent || { say failed "the agent was not ready in time"; finish; }

# The last ones through a proxy reached by TLS: TLS in TLS, calls in calls of one thread.
for load in "json $exchanges" "stream $streams" "json $tunnelled --tunnel" "stream $tunnelled --tunnel"; do
    set -- $load
    say load "$(load --mode "$1" --port 4433 --connections 4 --count "$2" $3)"
done

# Without TLS: through all system calls that move the bytes of a socket.
say load "$(plain --count "$plain")"

all_reported() { [ "$(grep -c '"kind":"client".*chatcmpl' /tmp/calls)" -ge $((exchanges + streams + 2 * tunnelled + 2 * plain)) ]; }
wait_for 20 all_reported
kill -TERM $agent
wait $agent
say agent_status $?
grep chatcmpl /tmp/calls >/tmp/reported
say_file call /tmp/reported
finish
