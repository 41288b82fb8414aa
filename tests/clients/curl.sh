#!/bin/sh
# A process and a connection per call, then two calls on one connection.
set -eu
url="$PROVIDER/v1/chat/completions"
ask() {
  printf '{"model":"gpt-4o-mini%s","messages":[{"role":"user","content":"n=%s"}],"stream":%s,"stream_options":{"include_usage":true}}' "$1" "$2" "$3"
}
post() {
  curl -sS --http1.1 --fail-with-body --cacert "$CA" -H "authorization: Bearer $OPENAI_API_KEY" \
    -H 'content-type: application/json' "$@"
}
post -d "$(ask '' 401 false)" "$url" | grep -q '"prompt_tokens":401'
post -N -d "$(ask -stream-12 402 true)" "$url" | grep -q '\[DONE\]'
post --compressed -d "$(ask -gzip 403 false)" "$url" | grep -q '"prompt_tokens":403'
post -d "$(ask -fail-400 404 false)" "$url" >/dev/null && exit 1 || true
ask '' 405 false | post -H 'expect: 100-continue' -T - -X POST "$url" | grep -q '"prompt_tokens":405'
post -d "$(ask '' 406 false)" "$url" "$url" | grep -q '"prompt_tokens":406'
