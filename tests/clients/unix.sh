#!/bin/sh
# Calls to a server on a path: a process each, then two calls on one connection.
set -eu
url="$PROVIDER/v1/chat/completions"
ask() {
  printf '{"model":"gpt-4o-mini%s","messages":[{"role":"user","content":"n=%s"}],"stream":%s,"stream_options":{"include_usage":true}}' "$1" "$2" "$3"
}
post() {
  curl -sS --http1.1 --fail-with-body --unix-socket "$SOCKET" -H 'content-type: application/json' "$@"
}
post -d "$(ask '' 901 false)" "$url" | grep -q '"prompt_tokens":901'
post -N -d "$(ask -stream-12 902 true)" "$url" | grep -q '\[DONE\]'
post -d "$(ask '' 903 false)" "$url" "$url" | grep -q '"prompt_tokens":903'
