#!/bin/sh
# A process per call, then two calls on one connection.
set -eu
url="$PROVIDER/v1/chat/completions"
ask() {
  printf '{"model":"gpt-4o-mini%s","messages":[{"role":"user","content":"n=%s"}],"stream":%s,"stream_options":{"include_usage":true}}' "$1" "$2" "$3"
}
post() {
  wget --no-config --quiet --output-document=- --ca-certificate="$CA" \
    --header="authorization: Bearer $OPENAI_API_KEY" --header='content-type: application/json' "$@"
}
post --post-data="$(ask '' 411 false)" "$url" | grep -q '"prompt_tokens":411'
post --post-data="$(ask -stream-12-pace-2 412 true)" "$url" | grep -q '\[DONE\]'
post --compression=gzip --post-data="$(ask -gzip 413 false)" "$url" | grep -q '"prompt_tokens":413'
post --post-data="$(ask -fail-400 414 false)" "$url" && exit 1 || true
post --post-data="$(ask -bytes-200000-split-9 415 false)" "$url" | grep -q '"prompt_tokens":415'
post --post-data="$(ask '' 416 false)" "$url" "$url" | grep -q '"prompt_tokens":416'
