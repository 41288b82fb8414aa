#!/bin/busybox sh
# First process of the test machine: runs the plan and says on a port of its own, a word and its value
# a line, what happened. Another port is the console.

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

word() { sed -n "s/.*\\b$1=\\([^ ]*\\).*/\\1/p" /proc/cmdline; }
talk=/dev/$(word talk)
stty -F "$talk" raw
exec 3>"$talk"
say() { echo "$@" >&3; }
say_file() { sed "s|^|$1 |" "$2" >&3; }
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
give_up() { say failed "$@"; finish; }
lines() { grep -c "$1" "$2"; }

# Families that this machine cannot have, between commas.
skip=,$(word skip),
skipped() { case $skip in *",$1,"*) return 0 ;; esac; return 1; }

# An emulated machine is some twenty times slower, and programs that make calls as fast as they can leave
# the agent little of it: what it cannot take at once has to find room. How much is lost at saturation is
# for the bench to say.
RING=32MiB
# begin NUMBER ENVIRONMENT ARGUMENT…: starts an agent.
begin() {
    number=$1 environment=$2; shift 2
    made=0
    from=$(lines . /tmp/agent.log)
    env $environment LLM_TRACER_METRICS_LISTEN=$METRICS LLM_TRACER_RING_SIZE=$RING tracer-agent run --format json "$@" \
        >/tmp/calls 2>>/tmp/agent.log &
    agent=$!
    ready() { ! kill -0 $agent 2>/dev/null || tail -n +$((from + 1)) /tmp/agent.log | grep -q '^ready: '; }
    wait_for 120 ready && kill -0 $agent || give_up "agent $number was not ready in time"
}
# load FAMILY COMMAND…: one that counts the exchanges it makes.
load() {
    skipped "$1" && return
    family=$1 program=/bin/$2; shift 2
    "$program" "$@" >/tmp/client 2>/tmp/client.err || say_file "client $family" /tmp/client.err
    made=$((made + $(sed -n 's/.*"made":\([0-9]*\).*/\1/p' /tmp/client)))
    say_file "load $family" /tmp/client
}
# client FAMILY COMMAND…: one whose exchanges the provider writes down.
client() {
    skipped "$1" && return
    family=$1; shift
    before=$(lines . /tmp/ledger)
    "$@" >/tmp/client 2>&1 </dev/null || { say "failure $family $?"; say_file "client $family" /tmp/client; }
    # The last entry is written when the answer is out.
    sleep 0.3
    tail -n +$((before + 1)) /tmp/ledger >/tmp/served
    made=$((made + $(lines . /tmp/served)))
    say_file "served $family" /tmp/served
}
METRICS=127.0.0.1:9464
# What the agent knows that it did not see, for who has to explain a failure.
unseen() { wget -qO- "http://$METRICS/metrics" | grep -E '^[a-z_]*(lost|dropped|missed|gap|ring)[a-z_]*' | grep -v ' 0$'; }
# end NUMBER: waits until all is reported, and stops the agent.
end() {
    all_reported() { [ "$(lines '"kind":"client"' /tmp/calls)" -ge $made ]; }
    wait_for 20 all_reported
    unseen >>/tmp/agent.log
    kill -TERM $agent
    wait $agent
    say "agent_status $?"
    grep '^{' /tmp/calls >/tmp/reported
    say_file "call $1" /tmp/reported
}

say kernel "$(uname -r)"
: >/tmp/agent.log
tracer-agent doctor --format json >/tmp/doctor 2>>/tmp/agent.log
say doctor_status $?
say doctor "$(tr -d '\n' </tmp/doctor)"

bench-server --port 4433 >/tmp/bench-server &
mkdir /tmp/provider
local-provider --port 4434 --folder /tmp/provider --ledger /tmp/ledger >/tmp/local-provider &
listening() { grep -q listening /tmp/bench-server && grep -q listening /tmp/local-provider; }
wait_for 30 listening || give_up "the providers did not start"
export PROVIDER=https://127.0.0.1:4434 CA=/tmp/provider/ca.pem OPENAI_API_KEY=sk-local-0123456789
export NODE_EXTRA_CA_CERTS=$CA

. /plan
finish
